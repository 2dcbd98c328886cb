// SPDX-License-Identifier: Apache-2.0
//
// A disk that loses power: a SQLite VFS over real files that knows which of their bytes a sync has
// made durable, and after a cut leaves in the files what a disk might have kept.
//
// What it models, as POSIX permits it:
//   - of the 512-byte sectors written since a file's last sync, each survives or not by itself, so
//     that pages and frames are torn; a sync makes a file's bytes and size durable;
//   - a truncation since the last sync has happened or not;
//   - a file made or removed since the last sync of its folder is there or not: a removed log may
//     come back with what it held. SQLite syncs the folder with the first sync of a new log.
// The shared-memory file of the write-ahead log is the system's own, and gone after a cut.
// Files are written through, so that what reads them without SQLite sees the same bytes.

#ifndef INSIGHTLOOP_TESTS_FAULTS_POWER_VFS_H_
#define INSIGHTLOOP_TESTS_FAULTS_POWER_VFS_H_

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>

namespace insightloop::testing {

// Safe for concurrent calls of SQLite.
class PowerDisk {
 public:
  enum class Surviving { kNothing, kSome, kEverything };  // of what was not synced

  // Makes it the default VFS of the process while it lives. One at a time, and no database is open
  // when it comes and goes.
  explicit PowerDisk(std::uint64_t seed);
  PowerDisk(const PowerDisk&) = delete;
  PowerDisk& operator=(const PowerDisk&) = delete;
  ~PowerDisk();

  // The power goes in the nth change from now, counted from 1: a write, truncation, sync or
  // removal, which may still reach the disk. All calls but those that let go of a file fail then.
  void CutAtChange(std::int64_t nth);
  // The same, counted from the next change of a file that is not a log: from the next checkpoint.
  void CutAtChangeFromCheckpoint(std::int64_t nth);
  void Cut();
  [[nodiscard]] bool is_cut() const;

  // When all files are closed: leaves in them what survived, and the power is back.
  void Restore(Surviving surviving);

  // Drops every sync that follows the write of a frame of the write-ahead log: the commit's. Those
  // of the log's header, of the database, and before a checkpoint stay. This is exactly what
  // `PRAGMA synchronous = NORMAL` leaves out.
  void DropSyncsOfCommits() { drops_syncs_of_commits_ = true; }

 private:
  struct Inode {
    std::string now;                  // as a process sees it
    std::string durable;              // as of the last sync
    std::set<std::int64_t> unsynced;  // sectors written since
    std::size_t least_size = 0;       // since, or at, the last sync
    bool has_new_frame = false;       // of a write-ahead log: since the last request to sync
  };
  using Folder = std::map<std::string, std::shared_ptr<Inode>>;
  struct File;
  struct Calls;  // what SQLite calls

  // These need mutex_.
  bool SurvivesChange(bool is_of_log);  // false: the power has gone with this change
  void Sync(Inode& inode);
  std::string Survivor(const Inode& inode, Surviving surviving);
  bool Flip(Surviving surviving);

  sqlite3_vfs* const system_;
  sqlite3_vfs vfs_;
  bool drops_syncs_of_commits_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::mt19937_64 random_;
  Folder now_, durable_;
  std::int64_t changes_left_ = 0;   // until the power goes; 0: never
  bool awaits_checkpoint_ = false;  // before they are counted
  bool is_cut_ = false;
  int open_files_ = 0;
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_FAULTS_POWER_VFS_H_
