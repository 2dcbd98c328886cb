// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/csv_reader.h"

#include <csv.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "clients/cli/errors.h"
#include "clients/cli/text.h"

namespace insightloop::cli {
namespace {

constexpr std::size_t kChunkBytes = 64 << 10;
// libcsv's FIELD_BEGUN: reading the bytes of a cell.
constexpr int kInsideCell = 2;

// libcsv asks for the memory of one cell here; refusing ends the parse with CSV_ENOMEM.
void* LimitedRealloc(void* memory, std::size_t size) {
  return size > CsvReader::kMaxCellBytes ? nullptr : std::realloc(memory, size);
}

std::string BaseName(const std::string& path) {
  if (path == "-") return "stdin";
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace

// Pushes chunks of the file through libcsv and keeps the rows of the current chunk. Cells lie one
// after the other in one buffer, so a row costs no allocation.
class CsvReader::Parser {
 public:
  explicit Parser(gzFile file) : file_(file) {
    csv_init(&csv_, 0);
    csv_set_blk_size(&csv_, 4096);
    csv_set_realloc_func(&csv_, LimitedRealloc);
  }
  ~Parser() {
    csv_free(&csv_);
    gzclose_r(file_);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // The next record's cells, or what went wrong in it; false at the end.
  absl::StatusOr<bool> Next(CsvRow& row) {
    while (next_ == row_ends_.size()) {
      if (ended_) return false;
      const absl::Status read = ReadChunk();
      if (!read.ok()) return read;
    }
    row.number = ++number_;
    row.problem.clear();
    row.remedy.clear();
    const std::size_t first = next_ == 0 ? 0 : row_ends_[next_ - 1];
    const std::size_t last = row_ends_[next_];
    cells_.clear();
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t begin = i == 0 ? 0 : cell_ends_[i - 1];
      cells_.emplace_back(text_.data() + begin, cell_ends_[i] - begin);
    }
    row.cells = cells_;
    ++next_;
    if (next_ == row_ends_.size() && !broken_.empty()) {
      row.problem = std::exchange(broken_, {});
      row.remedy = "Close the quote, or double a quote that is meant as a character.";
    } else if (first != last) {
      const std::size_t begin = first == 0 ? 0 : cell_ends_[first - 1];
      if (!IsUtf8({text_.data() + begin, cell_ends_[last - 1] - begin})) {
        row.problem = "the row is not valid UTF-8";
        row.remedy = "Save the file as UTF-8.";
      }
    }
    return true;
  }

 private:
  static void OnCell(void* cell, std::size_t size, void* self) {
    auto* parser = static_cast<Parser*>(self);
    parser->text_.append(static_cast<const char*>(cell), size);
    parser->cell_ends_.push_back(parser->text_.size());
  }
  static void OnRow(int /*terminator*/, void* self) {
    auto* parser = static_cast<Parser*>(self);
    parser->row_ends_.push_back(parser->cell_ends_.size());
  }

  absl::Status ReadChunk() {
    DropFinishedRows();
    buffer_.resize(kChunkBytes);
    const int got = gzread(file_, buffer_.data(), static_cast<unsigned>(buffer_.size()));
    int code = Z_OK;
    const char* const message = gzerror(file_, &code);
    // A gzip file cut short shows only as Z_BUF_ERROR after its last bytes.
    if (got < 0 || (got == 0 && code == Z_BUF_ERROR)) {
      const std::string why = code == Z_ERRNO ? std::strerror(errno) : message;
      return UsageError(Join({"cannot read on after row ", std::to_string(number_), ": ", why}),
                        "Check the file; a damaged .gz shows with `gzip -t`.");
    }
    std::string_view chunk(buffer_.data(), static_cast<std::size_t>(got));
    if (!started_) {
      started_ = true;
      if (chunk.starts_with("\xEF\xBB\xBF")) chunk.remove_prefix(3);
    }
    const std::size_t parsed = csv_parse(&csv_, chunk.data(), chunk.size(), OnCell, OnRow, this);
    if (parsed != chunk.size()) {
      Break("a cell is larger than 1 MiB; most likely a quote is never closed");
    } else if (got == 0) {
      // libcsv tells only in its strict mode, which would also end at a stray quote.
      if (csv_.pstate == kInsideCell && csv_.quoted != 0) {
        Break("a quote is opened and never closed");
      } else {
        csv_fini(&csv_, OnCell, OnRow, this);
      }
      ended_ = true;
    }
    return absl::OkStatus();
  }

  // Nothing after this point can be told apart: the row at hand is the last.
  void Break(std::string why) {
    row_ends_.push_back(cell_ends_.size());
    broken_ = std::move(why);
    ended_ = true;
  }

  // Keeps only the cells of the row that the next chunk continues.
  void DropFinishedRows() {
    const std::size_t finished = row_ends_.empty() ? 0 : row_ends_.back();
    if (finished > 0) {
      const std::size_t cut = cell_ends_[finished - 1];
      text_.erase(0, cut);
      cell_ends_.erase(cell_ends_.begin(),
                       cell_ends_.begin() + static_cast<std::ptrdiff_t>(finished));
      for (std::size_t& end : cell_ends_) end -= cut;
    }
    row_ends_.clear();
    next_ = 0;
  }

  gzFile file_;
  csv_parser csv_{};
  std::vector<char> buffer_;
  std::string text_;                     // cells of the rows at hand
  std::vector<std::size_t> cell_ends_;   // in text_
  std::vector<std::size_t> row_ends_;    // in cell_ends_
  std::size_t next_ = 0;                 // row to hand out next
  std::int64_t number_ = 0;              // of the row handed out last
  std::vector<std::string_view> cells_;  // of that row
  std::string broken_;                   // why the last row of row_ends_ ends the file
  bool started_ = false;
  bool ended_ = false;
};

CsvReader::CsvReader(std::string source, std::unique_ptr<Parser> parser)
    : source_(std::move(source)), parser_(std::move(parser)) {}

CsvReader::~CsvReader() = default;

absl::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Open(const std::string& path) {
  const int fd = path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about {};
  if (fd < 0) {
    const bool missing = errno == ENOENT;
    return MakeError(missing ? absl::StatusCode::kNotFound : absl::StatusCode::kInvalidArgument,
                     missing ? "NO_SUCH_FILE" : "UNREADABLE_FILE",
                     missing ? Join({"there is no file '", path, "'"})
                             : Join({"cannot open '", path, "': ", std::strerror(errno)}));
  }
  if (fstat(fd, &about) == 0 && S_ISDIR(about.st_mode)) {
    close(fd);
    return UsageError(Join({"'", path, "' is a folder"}), "Name a .csv or .csv.gz file.");
  }
  // zlib reads plain files as they are.
  gzFile file = gzdopen(fd, "rb");
  if (file == nullptr) {
    close(fd);
    return absl::InternalError("zlib cannot open a file: out of memory");
  }
  gzbuffer(file, 2 * kChunkBytes);
  std::unique_ptr<CsvReader> reader(new CsvReader(BaseName(path), std::make_unique<Parser>(file)));
  CsvRow header;
  const absl::StatusOr<bool> got = reader->parser_->Next(header);
  if (!got.ok()) return got.status();
  if (!*got) return UsageError(Join({"'", path, "' is empty"}), "Its first row must name columns.");
  if (!header.problem.empty()) {
    return UsageError(Join({"the header of '", path, "': ", header.problem}), header.remedy);
  }
  for (const std::string_view cell : header.cells) reader->columns_.emplace_back(Trimmed(cell));
  return reader;
}

absl::StatusOr<std::size_t> CsvReader::Column(std::string_view name) const {
  const std::string_view wanted = Trimmed(name);
  std::size_t found = columns_.size();
  for (std::size_t k = 0; k < columns_.size(); ++k) {
    if (!EqualsWithoutCase(columns_[k], wanted)) continue;
    if (found != columns_.size()) {
      return UsageError(Join({source_, " has more than one column '", columns_[k], "'"}),
                        "Rename one of them in the header.");
    }
    found = k;
  }
  if (found != columns_.size()) return found;
  std::vector<std::string> lower;
  for (const std::string& column : columns_) lower.push_back(Lower(column));
  const std::string nearest = Nearest(wanted, lower);
  return UsageError(Join({source_, " has no column '", wanted, "'"}),
                    Join({nearest.empty() ? "" : Join({"Did you mean '", nearest, "'? "}),
                          "It has: ", JoinList(columns_, ", "), "."}));
}

absl::StatusOr<bool> CsvReader::Next(CsvRow& row) {
  absl::StatusOr<bool> got = parser_->Next(row);
  if (got.ok() && *got && row.problem.empty() && row.cells.size() != columns_.size()) {
    row.problem = Join({"the row has ", std::to_string(row.cells.size()), " cells, the header ",
                        std::to_string(columns_.size())});
    row.remedy = "Put cells that contain commas in double quotes.";
  }
  return got;
}

}  // namespace insightloop::cli
