// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/analysis_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>

#include "clients/cli/errors.h"
#include "clients/cli/interrupt.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"

namespace insightloop::cli {
namespace {

// What an event's default resolution of 0.000001 leaves room for.
constexpr double kGreatestValue = 1e9;
constexpr std::size_t kMaxArmBytes = 64;
constexpr std::size_t kMaxUnitBytes = 256;

std::optional<double> ParseNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<bool> ParseTruth(std::string_view text) {
  if (text == "0") return false;
  if (text == "1") return true;
  if (const auto number = ParseNumber(text)) return *number != 0;
  for (const char* const yes : {"true", "yes", "t", "y"}) {
    if (EqualsWithoutCase(text, yes)) return true;
  }
  for (const char* const no : {"false", "no", "f", "n"}) {
    if (EqualsWithoutCase(text, no)) return false;
  }
  return std::nullopt;
}

bool IsMissing(const std::vector<std::string>* codes, std::string_view cell) {
  if (codes == nullptr) return false;
  return std::any_of(codes->begin(), codes->end(),
                     [cell](const std::string& code) { return EqualsWithoutCase(code, cell); });
}

std::string ArmList(const CampaignData& data) {
  std::vector<std::string> arms;
  for (std::size_t k = 0; k < data.arms.size(); ++k) {
    arms.push_back(
        Join({"'", data.arms[k], "' (", Counted(data.arm_units[k], "row", "rows"), ")"}));
  }
  return arms.empty() ? "none" : JoinList(arms, ", ");
}

}  // namespace

// Takes one file's rows into the data.
class CampaignFiles::RowTaker {
 public:
  RowTaker(const CampaignPlan& plan, const File& file, std::uint32_t file_index, CampaignData& data)
      : plan_(plan),
        file_(file),
        file_index_(file_index),
        data_(data),
        cells_(plan.metrics.size()),
        segment_index_(plan.segments.size()) {
    for (std::size_t k = 0; k < plan.segments.size(); ++k) {
      for (std::size_t v = 0; v < data.segment_values[k].size(); ++v) {
        segment_index_[k].emplace(data.segment_values[k][v], static_cast<std::uint32_t>(v));
      }
    }
  }

  absl::Status Take(const CsvRow& row) {
    row_ = &row;
    if (!row.problem.empty()) {
      data_.problems.Add({file_.reader->source(), row.number, "", "", row.problem, row.remedy});
      return absl::OkStatus();
    }
    std::string_view arm = plan_.sources[file_index_].arm;
    if (!file_.arm.empty()) {
      arm = Cell(file_.arm[0]);
      if (IsMissing(file_.arm[0].missing, arm)) return LeaveOut();
      if (arm.empty()) {
        return Refuse(file_.arm[0], "the arm is empty",
                      Join({"Name the arm, or leave such rows out with --missing '",
                            file_.arm[0].name, "='"}));
      }
      if (arm.size() > kMaxArmBytes) {
        return Refuse(file_.arm[0], "an arm's name has at most 64 bytes",
                      "Is it the right column?");
      }
    }
    std::string_view unit;
    if (!file_.unit.empty()) {
      unit = Cell(file_.unit[0]);
      if (IsMissing(file_.unit[0].missing, unit)) return LeaveOut();
      if (unit.empty() || unit.size() > kMaxUnitBytes) {
        return Refuse(file_.unit[0], "a unit has 1 to 256 bytes", "Correct the row.");
      }
    }
    std::optional<std::int64_t> time;
    if (!file_.time.empty()) {
      const std::string_view cell = Cell(file_.time[0]);
      if (IsMissing(file_.time[0].missing, cell)) return LeaveOut();
      time = ParseTime(cell);
      if (!time) return Refuse(file_.time[0], "not a time", Join({"Write it as ", kTimeForms}));
    }
    // All metrics first: a row counts as a whole or not at all.
    for (std::size_t k = 0; k < cells_.size(); ++k) {
      const Outcome outcome = ReadMetric(plan_.metrics[k], file_.metrics[k], cells_[k]);
      if (outcome == Outcome::kRefused) return absl::OkStatus();
      if (outcome == Outcome::kMissing) return LeaveOut();
    }
    numbers_.assign(file_.numbers.size(), std::nullopt);
    for (std::size_t k = 0; k < numbers_.size(); ++k) {
      if (!ReadKnownNumber(file_.numbers[k], numbers_[k])) return absl::OkStatus();
    }
    const absl::StatusOr<std::uint8_t> arm_index = ArmIndex(arm);
    if (!arm_index.ok()) return arm_index.status();
    ++data_.arm_units[*arm_index];
    data_.arm.push_back(*arm_index);
    data_.file.push_back(file_index_);
    data_.row.push_back(row.number);
    if (time) data_.time.push_back(*time);
    if (!file_.unit.empty()) {
      data_.unit_text.append(unit);
      data_.unit_end.push_back(data_.unit_text.size());
    }
    for (std::size_t k = 0; k < cells_.size(); ++k) {
      MetricColumn& column = data_.metrics[k];
      column.states.push_back(cells_[k].state);
      column.values.push_back(cells_[k].value);
      if (cells_[k].empty) ++column.empty_cells;
    }
    for (std::size_t k = 0; k < numbers_.size(); ++k) data_.numbers[k].push_back(numbers_[k]);
    for (std::size_t k = 0; k < file_.segments.size(); ++k) {
      data_.segments[k].push_back(SegmentIndex(k, Cell(file_.segments[k])));
    }
    return absl::OkStatus();
  }

 private:
  enum class Outcome { kTaken, kMissing, kRefused };
  struct MetricCell {
    MetricColumn::State state = MetricColumn::kNothing;
    double value = 0;
    bool empty = false;
  };

  std::string_view Cell(const Column& column) const {
    return Trimmed(row_->cells[column.position]);
  }

  absl::Status LeaveOut() {
    ++data_.left_out;
    return absl::OkStatus();
  }

  absl::Status Refuse(const Column& column, std::string_view problem, std::string_view remedy) {
    data_.problems.Add({file_.reader->source(), row_->number, column.name,
                        std::string(Cell(column)), std::string(problem), std::string(remedy)});
    return absl::OkStatus();
  }

  Outcome RefuseMetric(const Column& column, std::string_view problem) {
    // The texts of a row that is only counted need not be made.
    const std::string remedy = data_.problems.full()
                                   ? std::string()
                                   : Join({"Correct it, or say --missing '", column.name, "=",
                                           Cell(column), "' if it means that nothing is known"});
    (void)Refuse(column, problem, remedy);
    return Outcome::kRefused;
  }

  Outcome ReadMetric(const MetricSpec& spec, const Column& column, MetricCell& cell) {
    const std::string_view text = Cell(column);
    cell = {};
    const bool missing = IsMissing(column.missing, text);
    if (text.empty() || missing) {
      if (spec.survey()) {
        cell.state = MetricColumn::kAsked;
        return Outcome::kTaken;
      }
      if (missing) return Outcome::kMissing;
      cell.empty = true;
      return Outcome::kTaken;
    }
    if (spec.kind == MetricKind::kProportion) {
      const auto truth = ParseTruth(text);
      if (!truth) return RefuseMetric(column, "neither a number nor yes or no");
      cell.state = *truth ? MetricColumn::kValue : MetricColumn::kNothing;
      return Outcome::kTaken;
    }
    const auto number = ParseNumber(text);
    if (!number) return RefuseMetric(column, "not a number");
    if (spec.survey()) {
      if (*number != std::floor(*number) || *number < spec.worst_score() ||
          *number > spec.best_score) {
        return RefuseMetric(
            column, Join({"not a whole number from ", std::to_string(spec.worst_score()), " to ",
                          std::to_string(spec.best_score)}));
      }
    } else if (std::abs(*number) > kGreatestValue) {
      return RefuseMetric(column, "a value beyond 1,000,000,000");
    } else if (*number == 0) {
      // A sum does not need it; half of most files is zeros.
      return Outcome::kTaken;
    }
    cell.state = MetricColumn::kValue;
    cell.value = *number;
    return Outcome::kTaken;
  }

  // False when the row is refused. An empty or missing cell is not known.
  bool ReadKnownNumber(const Column& column, std::optional<double>& number) {
    const std::string_view text = Cell(column);
    if (text.empty() || IsMissing(column.missing, text)) return true;
    number = ParseNumber(text);
    if (!number.has_value()) {
      RefuseMetric(column, "not a number");
    } else if (std::abs(*number) > kGreatestValue) {
      RefuseMetric(column, "a value beyond 1,000,000,000");
      number.reset();
    }
    return number.has_value();
  }

  absl::StatusOr<std::uint8_t> ArmIndex(std::string_view arm) {
    for (std::size_t k = 0; k < data_.arms.size(); ++k) {
      if (data_.arms[k] == arm) return static_cast<std::uint8_t>(k);
    }
    if (data_.arms.size() == CampaignData::kMaxArms) {
      return UsageError(Join({"column '", plan_.arm_column,
                              "' has more than 20 different values, "
                              "such as '",
                              data_.arms[0], "', '", data_.arms[1], "' and '", arm, "'"}),
                        "Is it the right column? --arm names the one that says which variant a "
                        "row got.");
    }
    data_.arms.emplace_back(arm);
    data_.arm_units.push_back(0);
    return static_cast<std::uint8_t>(data_.arms.size() - 1);
  }

  std::uint32_t SegmentIndex(std::size_t k, std::string_view text) {
    if (text.empty() || IsMissing(file_.segments[k].missing, text)) return 0;
    // Rows of one segment often follow each other; else a look-up needs a string.
    auto& values = data_.segment_values[k];
    key_.assign(text);
    const auto [found, added] =
        segment_index_[k].emplace(key_, static_cast<std::uint32_t>(values.size()));
    if (added) values.push_back(key_);
    return found->second;
  }

  const CampaignPlan& plan_;
  const File& file_;
  const std::uint32_t file_index_;
  CampaignData& data_;
  const CsvRow* row_ = nullptr;
  std::vector<MetricCell> cells_;               // of the row at hand
  std::vector<std::optional<double>> numbers_;  // of the row at hand
  std::vector<std::unordered_map<std::string, std::uint32_t>> segment_index_;
  std::string key_;
};

absl::StatusOr<CampaignFiles> CampaignFiles::Open(const CampaignPlan& plan) {
  CampaignFiles files;
  for (const CampaignSource& source : plan.sources) {
    auto reader = CsvReader::Open(source.path);
    if (!reader.ok()) return reader.status();
    File file{.reader = *std::move(reader)};
    absl::Status found;
    const auto add = [&](const std::string& name, std::vector<Column>& to) {
      if (!found.ok()) return;
      const absl::StatusOr<std::size_t> position = file.reader->Column(name);
      if (!position.ok()) {
        found = position.status();
        return;
      }
      const auto missing = plan.missing.find(Lower(Trimmed(name)));
      to.push_back({*position, file.reader->columns()[*position],
                    missing == plan.missing.end() ? nullptr : &missing->second});
    };
    if (!plan.arm_column.empty()) add(plan.arm_column, file.arm);
    if (!plan.unit_column.empty()) add(plan.unit_column, file.unit);
    if (!plan.time_column.empty()) add(plan.time_column, file.time);
    for (const MetricSpec& metric : plan.metrics) add(metric.column, file.metrics);
    for (const AttributeSpec& segment : plan.segments) add(segment.column, file.segments);
    for (const AttributeSpec& number : plan.numbers()) add(number.column, file.numbers);
    // A code for a column that nobody reads would silently do nothing.
    for (const auto& [column, codes] : plan.missing) {
      const auto is_it = [&name = column](const Column& used) {
        return EqualsWithoutCase(used.name, name);
      };
      bool used = false;
      for (const auto* const columns :
           {&file.arm, &file.unit, &file.time, &file.metrics, &file.segments, &file.numbers}) {
        used = used || std::any_of(columns->begin(), columns->end(), is_it);
      }
      if (found.ok() && !used) {
        found = UsageError(
            Join({"--missing names column '", column,
                  "', which the analysis does "
                  "not use"}),
            "Name a column of --metric, --segment, --covariate, --answer-weight, --arm, --unit or "
            "--time.");
      }
    }
    if (!found.ok()) return found;
    files.files_.push_back(std::move(file));
  }
  return files;
}

absl::StatusOr<CampaignData> CampaignFiles::Read(const CampaignPlan& plan) {
  CampaignData data;
  data.metrics.resize(plan.metrics.size());
  data.segments.resize(plan.segments.size());
  data.numbers.resize(plan.numbers().size());
  data.segment_values.assign(plan.segments.size(), {""});
  CsvRow row;
  for (std::size_t f = 0; f < files_.size(); ++f) {
    File& file = files_[f];
    data.files.push_back(file.reader->source());
    RowTaker taker(plan, file, static_cast<std::uint32_t>(f), data);
    while (true) {
      const absl::StatusOr<bool> more = file.reader->Next(row);
      if (!more.ok()) return more.status();
      if (!*more) break;
      const absl::Status taken = taker.Take(row);
      if (!taken.ok()) return taken;
      if (row.number % 10'000 == 0 && Interrupted()) return InterruptedError();
    }
  }
  return data;
}

absl::StatusOr<std::size_t> FindControl(const CampaignPlan& plan, const CampaignData& data) {
  const std::string seen = Join({"The arms with rows are: ", ArmList(data), "."});
  if (data.arms.empty()) {
    return UsageError("no row can be analysed", data.problems.count() > 0
                                                    ? "No row could be read; see above."
                                                    : "The file has a header and nothing else.");
  }
  std::size_t control = data.arms.size();
  for (std::size_t k = 0; k < data.arms.size(); ++k) {
    if (data.arms[k] == plan.control) control = k;
  }
  for (std::size_t k = 0; k < data.arms.size() && control == data.arms.size(); ++k) {
    if (EqualsWithoutCase(data.arms[k], Trimmed(plan.control))) control = k;
  }
  if (control == data.arms.size()) {
    return UsageError(Join({"the control '", plan.control, "' is not among the arms"}), seen);
  }
  for (const CampaignSource& source : plan.sources) {
    if (!source.arm.empty() &&
        std::find(data.arms.begin(), data.arms.end(), source.arm) == data.arms.end()) {
      return UsageError(Join({"arm '", source.arm, "' has no rows"}), seen);
    }
  }
  if (data.arms.size() == 1) {
    return UsageError(Join({"only one arm: '", data.arms[0], "'; there is nothing to compare"}),
                      seen);
  }
  return control;
}

absl::StatusOr<std::vector<int>> WeightsOf(const CampaignPlan& plan, const CampaignData& data) {
  std::vector<int> weights(data.arms.size(), 1);
  if (plan.weights.empty()) return weights;
  for (const auto& [arm, weight] : plan.weights) {
    if (std::find(data.arms.begin(), data.arms.end(), arm) == data.arms.end()) {
      return UsageError(Join({"--weights names '", arm, "', which is not among the arms"}),
                        Join({"The arms with rows are: ", ArmList(data), "."}));
    }
  }
  for (std::size_t k = 0; k < data.arms.size(); ++k) {
    const auto weight = plan.weights.find(data.arms[k]);
    if (weight == plan.weights.end()) {
      return UsageError(Join({"--weights has no weight for '", data.arms[k], "'"}),
                        "Give a weight for every arm, or leave --weights out for equal shares.");
    }
    weights[k] = weight->second;
  }
  return weights;
}

}  // namespace insightloop::cli
