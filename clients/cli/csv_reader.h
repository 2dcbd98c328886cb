// SPDX-License-Identifier: Apache-2.0
//
// Reads comma-separated files row by row without holding them: plain or gzip, a file or standard
// input, with or without a byte order mark, LF or CRLF, quoted commas and line ends. Underneath is
// libcsv, which also trims blanks around unquoted cells and passes over empty lines.
//
// Row numbers count records; the header is row 1. A row that cannot be used comes with a `problem`
// instead of sinking its neighbours.

#ifndef INSIGHTLOOP_CLIENTS_CLI_CSV_READER_H_
#define INSIGHTLOOP_CLIENTS_CLI_CSV_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace insightloop::cli {

// Valid until the next call of CsvReader::Next.
struct CsvRow {
  std::int64_t number = 0;
  std::span<const std::string_view> cells;  // as many as there are columns when there is no problem
  std::string problem;                      // why the row cannot be used; empty when it can
  std::string remedy;                       // and what to do about it
};

class CsvReader {
 public:
  // A cell beyond this many bytes ends the reading: almost always a quote that is never closed.
  static constexpr std::size_t kMaxCellBytes = 1 << 20;

  // Opens a file (`-`: standard input) and reads its header.
  //
  // Errors: kNotFound for a file that is not there, kInvalidArgument for one that cannot be read or
  // has no header.
  static absl::StatusOr<std::unique_ptr<CsvReader>> Open(const std::string& path);
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // The names of the header, trimmed.
  const std::vector<std::string>& columns() const { return columns_; }

  // The position of a column by name, without regard to case and to blanks around it.
  //
  // Errors: kInvalidArgument when it is not there, listing what there is, or there twice.
  absl::StatusOr<std::size_t> Column(std::string_view name) const;

  // Reads the next row; false at the end.
  //
  // Errors: kInvalidArgument when the file cannot be read on (damaged gzip, an I/O error).
  absl::StatusOr<bool> Next(CsvRow& row);

  // The file's name without folders, or `stdin`.
  const std::string& source() const { return source_; }

 private:
  class Parser;
  CsvReader(std::string source, std::unique_ptr<Parser> parser);

  std::string source_;
  std::unique_ptr<Parser> parser_;
  std::vector<std::string> columns_;
};

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_CSV_READER_H_
