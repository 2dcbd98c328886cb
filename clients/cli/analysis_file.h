// SPDX-License-Identifier: Apache-2.0
//
// The rows of a campaign's files, read once into columns: only what the plan names, without a
// string per row, so that a few hundred thousand rows take a fraction of a second and little
// memory.

#ifndef INSIGHTLOOP_CLIENTS_CLI_ANALYSIS_FILE_H_
#define INSIGHTLOOP_CLIENTS_CLI_ANALYSIS_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/analysis_plan.h"
#include "clients/cli/csv_reader.h"
#include "clients/cli/row_report.h"

namespace insightloop::cli {

// A metric's cells.
struct MetricColumn {
  enum State : std::uint8_t {
    kNothing,  // no event
    kValue,    // an event, or one with `values`
    kAsked,    // a survey put to the unit and not answered
  };
  std::vector<State> states;
  std::vector<double> values;  // 0 where there is none
  std::int64_t empty_cells = 0;
};

// The rows that take part. All columns have one entry per row.
struct CampaignData {
  static constexpr std::size_t kMaxArms = 20;

  std::vector<std::string> arms;        // in the order they were first seen
  std::vector<std::int64_t> arm_units;  // rows of each
  std::vector<std::string> files;       // names without folders

  std::vector<std::uint32_t> file;    // in `files`
  std::vector<std::int64_t> row;      // in its file; the header is row 1
  std::vector<std::uint8_t> arm;      // in `arms`
  std::vector<std::int64_t> time;     // microseconds; empty without a time column
  std::vector<std::size_t> unit_end;  // ends in `unit_text`; empty without a unit column
  std::string unit_text;
  std::vector<MetricColumn> metrics;                     // as in the plan
  std::vector<std::vector<std::uint32_t>> segments;      // in `segment_values`; as in the plan
  std::vector<std::vector<std::string>> segment_values;  // [0] is empty: not known

  std::vector<std::vector<std::optional<double>>> numbers;  // absent: not known; as in the plan

  std::int64_t left_out = 0;  // rows whose cell is coded as missing
  RowReport problems;         // rows that could not be read

  std::size_t size() const { return row.size(); }
  std::string_view unit(std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : unit_end[i - 1];
    return std::string_view(unit_text).substr(begin, unit_end[i] - begin);
  }
};

// The campaign's files, opened, with every column of the plan found in each of them.
class CampaignFiles {
 public:
  // Errors: kNotFound for a file, kInvalidArgument for a column that is missing or there twice.
  static absl::StatusOr<CampaignFiles> Open(const CampaignPlan& plan);

  // Reads all rows. Rows that cannot be read are left out and reported in the data.
  //
  // Errors: kInvalidArgument when there are more than kMaxArms arms or a file cannot be read on;
  // kCancelled after Ctrl-C.
  absl::StatusOr<CampaignData> Read(const CampaignPlan& plan);

 private:
  struct Column {
    std::size_t position = 0;
    std::string name;                         // as the header has it
    const std::vector<std::string>* missing;  // codes; null if there are none
  };
  struct File {
    std::unique_ptr<CsvReader> reader;
    std::vector<Column> metrics;
    std::vector<Column> segments;
    std::vector<Column> numbers;
    std::vector<Column> arm;  // one or none, as the next two
    std::vector<Column> unit;
    std::vector<Column> time;
  };
  class RowTaker;

  std::vector<File> files_;
};

// That at least two arms have rows and the control is one of them; its position in `data.arms`.
//
// Errors: kInvalidArgument listing the arms seen.
absl::StatusOr<std::size_t> FindControl(const CampaignPlan& plan, const CampaignData& data);

// The weight of each arm: the plan's, or 1 each.
//
// Errors: kInvalidArgument when the plan names an arm that is not there, or not all of them.
absl::StatusOr<std::vector<int>> WeightsOf(const CampaignPlan& plan, const CampaignData& data);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_ANALYSIS_FILE_H_
