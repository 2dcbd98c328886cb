// SPDX-License-Identifier: Apache-2.0

#include "tests/faults/power_vfs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <system_error>
#include <utility>

namespace insightloop::testing {
namespace {

constexpr std::int64_t kSector = 512;
constexpr std::int64_t kBytesOfLogHeader = 32;
constexpr int kMakesDirectorySync = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

// SQLite allocates it, with the system's own file behind.
struct PowerDisk::File {
  sqlite3_file base;
  PowerDisk* disk;
  std::shared_ptr<Inode> inode;  // null: a temporary file, which nothing survives
  bool is_log;
  bool syncs_folder;  // with its next sync

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static File* Of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
};

struct PowerDisk::Calls {
  static PowerDisk& DiskOf(sqlite3_vfs* vfs) { return *static_cast<PowerDisk*>(vfs->pAppData); }

  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* handle, int flags,
                  int* out_flags) {
    PowerDisk& disk = DiskOf(vfs);
    handle->pMethods = nullptr;
    const std::lock_guard lock(disk.mutex_);
    if (disk.is_cut_) return SQLITE_CANTOPEN;
    File* const file = new (handle) File{.disk = &disk};
    file->base.pMethods = nullptr;
    // That another made it, such as the database itself, is no more durable than what SQLite makes.
    std::error_code error;
    const bool is_known = name == nullptr || disk.now_.contains(name);
    const bool exists = name != nullptr && std::filesystem::exists(name, error);
    const int code = disk.system_->xOpen(disk.system_, name, file->real(), flags, out_flags);
    if (code != SQLITE_OK) {
      if (file->real()->pMethods != nullptr) file->real()->pMethods->xClose(file->real());
      file->~File();
      return code;
    }
    if (!is_known) {
      disk.now_[name] = std::make_shared<Inode>();
      if (exists) {
        Inode& inode = *disk.now_[name];
        inode.now = inode.durable = ReadFile(name);
        inode.least_size = inode.now.size();
      }
    }
    if (name != nullptr) file->inode = disk.now_[name];
    file->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    file->syncs_folder = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & kMakesDirectorySync) != 0;
    file->base.pMethods = &kMethods;
    ++disk.open_files_;
    return SQLITE_OK;
  }

  static int Delete(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    PowerDisk& disk = DiskOf(vfs);
    const std::lock_guard lock(disk.mutex_);
    if (disk.is_cut_) return SQLITE_IOERR_DELETE;
    const int code = disk.system_->xDelete(disk.system_, name, 0);
    if (code != SQLITE_OK) return code;
    disk.now_.erase(name);
    if (!disk.SurvivesChange(/*is_of_log=*/true)) return SQLITE_IOERR_DELETE;
    if (sync_folder != 0) disk.durable_ = disk.now_;
    return SQLITE_OK;
  }

  static int Access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
    PowerDisk& disk = DiskOf(vfs);
    const std::lock_guard lock(disk.mutex_);
    if (disk.is_cut_) return SQLITE_IOERR_ACCESS;
    return disk.system_->xAccess(disk.system_, name, flags, result);
  }

  static int FullPathname(sqlite3_vfs* vfs, const char* name, int size, char* out) {
    PowerDisk& disk = DiskOf(vfs);
    return disk.system_->xFullPathname(disk.system_, name, size, out);
  }

  static int Close(sqlite3_file* handle) {
    File* const file = File::Of(handle);
    PowerDisk& disk = *file->disk;
    const std::lock_guard lock(disk.mutex_);
    const int code = file->real()->pMethods->xClose(file->real());
    file->~File();
    --disk.open_files_;
    return code;
  }

  static int Read(sqlite3_file* handle, void* bytes, int size, sqlite3_int64 offset) {
    File* const file = File::Of(handle);
    {
      const std::lock_guard lock(file->disk->mutex_);
      if (file->disk->is_cut_) return SQLITE_IOERR_READ;
    }
    return file->real()->pMethods->xRead(file->real(), bytes, size, offset);
  }

  static int Write(sqlite3_file* handle, const void* bytes, int size, sqlite3_int64 offset) {
    File* const file = File::Of(handle);
    PowerDisk& disk = *file->disk;
    const std::lock_guard lock(disk.mutex_);
    if (disk.is_cut_) return SQLITE_IOERR_WRITE;
    const int code = file->real()->pMethods->xWrite(file->real(), bytes, size, offset);
    if (code != SQLITE_OK) return code;
    if (Inode* const inode = file->inode.get(); inode != nullptr) {
      const auto begin = static_cast<std::size_t>(offset);
      const std::size_t end = begin + static_cast<std::size_t>(size);
      if (inode->now.size() < end) inode->now.resize(end);
      std::copy_n(static_cast<const char*>(bytes), size, inode->now.begin() + offset);
      for (std::int64_t sector = offset / kSector; sector * kSector < offset + size; ++sector) {
        inode->unsynced.insert(sector);
      }
      if (offset >= kBytesOfLogHeader) inode->has_new_frame = true;
    }
    return disk.SurvivesChange(file->is_log) ? SQLITE_OK : SQLITE_IOERR_WRITE;
  }

  static int Truncate(sqlite3_file* handle, sqlite3_int64 size) {
    File* const file = File::Of(handle);
    PowerDisk& disk = *file->disk;
    const std::lock_guard lock(disk.mutex_);
    if (disk.is_cut_) return SQLITE_IOERR_TRUNCATE;
    const int code = file->real()->pMethods->xTruncate(file->real(), size);
    if (code != SQLITE_OK) return code;
    if (Inode* const inode = file->inode.get(); inode != nullptr) {
      inode->now.resize(static_cast<std::size_t>(size));
      inode->least_size = std::min(inode->least_size, inode->now.size());
      inode->unsynced.erase(inode->unsynced.lower_bound((size + kSector - 1) / kSector),
                            inode->unsynced.end());
    }
    return disk.SurvivesChange(file->is_log) ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
  }

  // Nothing is really synced: the machine that runs the test keeps its power.
  static int Sync(sqlite3_file* handle, int /*flags*/) {
    File* const file = File::Of(handle);
    PowerDisk& disk = *file->disk;
    const std::lock_guard lock(disk.mutex_);
    if (disk.is_cut_) return SQLITE_IOERR_FSYNC;
    if (!disk.SurvivesChange(file->is_log)) return SQLITE_IOERR_FSYNC;
    if (file->inode == nullptr) return SQLITE_OK;
    const bool is_of_commit = file->is_log && std::exchange(file->inode->has_new_frame, false);
    if (is_of_commit && disk.drops_syncs_of_commits_) return SQLITE_OK;
    disk.Sync(*file->inode);
    if (std::exchange(file->syncs_folder, false)) disk.durable_ = disk.now_;
    return SQLITE_OK;
  }

  static int FileSize(sqlite3_file* handle, sqlite3_int64* size) {
    return File::Of(handle)->real()->pMethods->xFileSize(File::Of(handle)->real(), size);
  }
  static int Lock(sqlite3_file* handle, int level) {
    return File::Of(handle)->real()->pMethods->xLock(File::Of(handle)->real(), level);
  }
  static int Unlock(sqlite3_file* handle, int level) {
    return File::Of(handle)->real()->pMethods->xUnlock(File::Of(handle)->real(), level);
  }
  static int CheckReservedLock(sqlite3_file* handle, int* result) {
    return File::Of(handle)->real()->pMethods->xCheckReservedLock(File::Of(handle)->real(), result);
  }
  static int FileControl(sqlite3_file* handle, int code, void* argument) {
    return File::Of(handle)->real()->pMethods->xFileControl(File::Of(handle)->real(), code,
                                                            argument);
  }
  static int SectorSize(sqlite3_file* handle) {
    return File::Of(handle)->real()->pMethods->xSectorSize(File::Of(handle)->real());
  }
  // Writing a part of a sector leaves the rest of it as it was, and nothing more is promised.
  static int DeviceCharacteristics(sqlite3_file* /*handle*/) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
  }
  static int ShmMap(sqlite3_file* handle, int page, int size, int extend, void volatile** memory) {
    return File::Of(handle)->real()->pMethods->xShmMap(File::Of(handle)->real(), page, size, extend,
                                                       memory);
  }
  static int ShmLock(sqlite3_file* handle, int offset, int count, int flags) {
    return File::Of(handle)->real()->pMethods->xShmLock(File::Of(handle)->real(), offset, count,
                                                        flags);
  }
  static void ShmBarrier(sqlite3_file* handle) {
    File::Of(handle)->real()->pMethods->xShmBarrier(File::Of(handle)->real());
  }
  static int ShmUnmap(sqlite3_file* handle, int remove) {
    return File::Of(handle)->real()->pMethods->xShmUnmap(File::Of(handle)->real(), remove);
  }

  static const sqlite3_io_methods kMethods;
};

const sqlite3_io_methods PowerDisk::Calls::kMethods = {
    .iVersion = 2,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Unlock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = ShmMap,
    .xShmLock = ShmLock,
    .xShmBarrier = ShmBarrier,
    .xShmUnmap = ShmUnmap,
};

PowerDisk::PowerDisk(std::uint64_t seed)
    : system_(sqlite3_vfs_find(nullptr)), vfs_(*system_), random_(seed) {
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + system_->szOsFile;
  vfs_.pNext = nullptr;
  vfs_.zName = "power";
  vfs_.pAppData = this;
  vfs_.xOpen = Calls::Open;
  vfs_.xDelete = Calls::Delete;
  vfs_.xAccess = Calls::Access;
  vfs_.xFullPathname = Calls::FullPathname;
  EXPECT_EQ(sqlite3_vfs_register(&vfs_, /*makeDflt=*/1), SQLITE_OK);
}

PowerDisk::~PowerDisk() {
  EXPECT_EQ(open_files_, 0);
  sqlite3_vfs_unregister(&vfs_);
  EXPECT_EQ(sqlite3_vfs_register(system_, /*makeDflt=*/1), SQLITE_OK);
}

void PowerDisk::CutAtChange(std::int64_t nth) {
  const std::lock_guard lock(mutex_);
  changes_left_ = nth;
  awaits_checkpoint_ = false;
}

void PowerDisk::CutAtChangeFromCheckpoint(std::int64_t nth) {
  const std::lock_guard lock(mutex_);
  changes_left_ = nth;
  awaits_checkpoint_ = true;
}

void PowerDisk::Cut() {
  const std::lock_guard lock(mutex_);
  is_cut_ = true;
}

bool PowerDisk::is_cut() const {
  const std::lock_guard lock(mutex_);
  return is_cut_;
}

bool PowerDisk::SurvivesChange(bool is_of_log) {
  if (!is_of_log) awaits_checkpoint_ = false;
  if (changes_left_ > 0 && !awaits_checkpoint_ && --changes_left_ == 0) is_cut_ = true;
  return !is_cut_;
}

void PowerDisk::Sync(Inode& inode) {
  // Only what changed is copied: a sync costs what it writes.
  inode.durable.resize(inode.least_size);
  inode.durable.resize(inode.now.size());
  for (const std::int64_t sector : inode.unsynced) {
    const auto begin = static_cast<std::size_t>(sector * kSector);
    inode.durable.replace(begin, kSector, inode.now, begin, kSector);
  }
  inode.unsynced.clear();
  inode.least_size = inode.now.size();
}

bool PowerDisk::Flip(Surviving surviving) {
  if (surviving == Surviving::kSome) return random_() % 2 == 0;
  return surviving == Surviving::kEverything;
}

std::string PowerDisk::Survivor(const Inode& inode, Surviving surviving) {
  std::string bytes = inode.durable;
  if (inode.least_size < bytes.size() && Flip(surviving)) bytes.resize(inode.least_size);
  for (const std::int64_t sector : inode.unsynced) {
    if (!Flip(surviving)) continue;
    const auto begin = static_cast<std::size_t>(sector * kSector);
    const std::size_t size = std::min<std::size_t>(kSector, inode.now.size() - begin);
    if (bytes.size() < begin + size) bytes.resize(begin + size);
    bytes.replace(begin, size, inode.now, begin, size);
  }
  return bytes;
}

void PowerDisk::Restore(Surviving surviving) {
  const std::lock_guard lock(mutex_);
  ASSERT_EQ(open_files_, 0) << "a database is still open";
  Folder kept;
  std::set<std::string> names;
  for (const auto* folder : {&now_, &durable_}) {
    for (const auto& [name, inode] : *folder) names.insert(name);
  }
  for (const std::string& name : names) {
    const auto now = now_.find(name);
    const auto durable = durable_.find(name);
    const std::shared_ptr<Inode> new_one = now == now_.end() ? nullptr : now->second;
    const std::shared_ptr<Inode> old_one = durable == durable_.end() ? nullptr : durable->second;
    const std::shared_ptr<Inode> inode = new_one == old_one || Flip(surviving) ? new_one : old_one;
    if (inode == nullptr) {
      std::filesystem::remove(name);
      continue;
    }
    const std::string bytes = Survivor(*inode, surviving);
    std::ofstream(name, std::ios::binary | std::ios::trunc) << bytes;
    kept[name] =
        std::make_shared<Inode>(Inode{.now = bytes, .durable = bytes, .least_size = bytes.size()});
  }
  for (const std::string& name : names) std::filesystem::remove(name + "-shm");
  now_ = durable_ = std::move(kept);
  changes_left_ = 0;
  is_cut_ = false;
}

}  // namespace insightloop::testing
