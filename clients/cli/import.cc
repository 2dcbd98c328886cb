// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/import.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "clients/cli/batch_sender.h"
#include "clients/cli/csv_reader.h"
#include "clients/cli/digest.h"
#include "clients/cli/errors.h"
#include "clients/cli/interrupt.h"
#include "clients/cli/row_report.h"
#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"
#include "insightloop/v1/attribute.pb.h"
#include "insightloop/v1/measurement.pb.h"

namespace insightloop::cli {
namespace {

constexpr int kBatchRows = 1000;
constexpr int kBatchesInFlight = 8;

// The arguments as they were typed; which of them count depends on the command.
struct ImportArguments {
  std::string file;
  std::string unit;
  std::string time;
  std::string variant;
  std::string experiment;
  std::vector<std::string> attributes;
  std::string event;
  std::string event_column;
  std::string value;
  std::string id;
  std::string unit_type;
  bool backfill = false;
  std::map<std::string, std::string> texts;  // column of `channel`, `touchpoint`, …
};

struct Tally {
  std::int64_t rows = 0;
  std::int64_t accepted = 0;
  std::int64_t duplicate = 0;
  std::int64_t late = 0;
  std::int64_t rejected = 0;
  std::int64_t unreadable = 0;
  RowReport problems;
};

// Progress on standard error: a line that changes on a terminal, else a line every ten seconds.
class Progress {
 public:
  explicit Progress(const Terminal& terminal) : terminal_(terminal) {}

  void Show(const Tally& tally) {
    if (terminal_.quiet) return;
    const auto now = Clock::now();
    const auto pause =
        terminal_.err_is_tty ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10'000);
    if (now - last_ < pause) return;
    last_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const auto rate =
        static_cast<long long>(static_cast<double>(tally.rows) / std::max(seconds, 0.001));
    const std::string line =
        Join({Counted(tally.rows, "row", "rows"), " read, ", Grouped(rate), " a second, ",
              Grouped(tally.rejected + tally.unreadable), " refused or unreadable"});
    if (terminal_.err_is_tty) {
      *terminal_.err << "\r" << line << "\033[K" << std::flush;
      moving_ = true;
    } else {
      *terminal_.err << line << std::endl;
    }
  }

  // Wipes the moving line, so that what follows stands alone.
  void End() {
    if (moving_) *terminal_.err << "\r\033[K" << std::flush;
    moving_ = false;
  }

 private:
  using Clock = std::chrono::steady_clock;
  const Terminal& terminal_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
  bool moving_ = false;
};

void SetTime(std::int64_t micros, google::protobuf::Timestamp& time) {
  std::int64_t seconds = micros / kMicrosPerSecond;
  std::int64_t rest = micros % kMicrosPerSecond;
  if (rest < 0) {
    rest += kMicrosPerSecond;
    --seconds;
  }
  time.set_seconds(seconds);
  time.set_nanos(static_cast<std::int32_t>(rest * 1000));
}

std::optional<double> ParseNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

// What both kinds of import do with a file; a subclass turns one row into a message.
class Importer {
 public:
  Importer(const ImportArguments& arguments, CsvReader& reader, Caller& caller, Tally& tally,
           const Terminal& terminal)
      : arguments_(arguments),
        reader_(reader),
        caller_(caller),
        tally_(tally),
        terminal_(terminal),
        progress_(terminal) {}
  virtual ~Importer() { progress_.End(); }
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;

  // Finds the columns and asks the server what it must know. Errors: kInvalidArgument, calls'.
  virtual absl::Status Prepare() = 0;

  absl::Status Run(const char* path) {
    BatchSender sender(caller_, path, kBatchesInFlight);
    CsvRow row;
    while (true) {
      const absl::StatusOr<bool> more = reader_.Next(row);
      if (!more.ok()) return more.status();
      if (!*more) break;
      ++tally_.rows;
      if (row.problem.empty()) {
        AddRow(row);
      } else {
        ++tally_.unreadable;
        tally_.problems.Add({reader_.source(), row.number, "", "", row.problem, row.remedy});
      }
      if (numbers_.size() >= kBatchRows) {
        const absl::Status sent = SendBatch(sender);
        if (!sent.ok()) return sent;
      }
      if (row.number % 1000 == 0) {
        if (Interrupted()) return InterruptedError();
        progress_.Show(tally_);
      }
    }
    if (!numbers_.empty()) {
      const absl::Status sent = SendBatch(sender);
      if (!sent.ok()) return sent;
    }
    return sender.Finish();
  }

 protected:
  // Adds the row to the batch with Taken(), or says with Unreadable() why not.
  virtual void AddRow(const CsvRow& row) = 0;
  // Takes the batch's bytes and empties it.
  virtual grpc::ByteBuffer TakeBatch() = 0;
  virtual absl::StatusOr<std::vector<v1::RowFate>> FatesOf(const grpc::ByteBuffer& bytes) = 0;

  void Taken(const CsvRow& row) { numbers_.push_back(row.number); }

  void Unreadable(const CsvRow& row, std::size_t column, std::string_view problem,
                  std::string_view remedy) {
    ++tally_.unreadable;
    tally_.problems.Add({reader_.source(), row.number, reader_.columns()[column],
                         std::string(row.cells[column]), std::string(problem),
                         std::string(remedy)});
  }

  absl::Status Find(const std::string& name, const char* option, std::size_t& position) {
    if (name.empty()) return UsageError(Join({option, " COLUMN is missing"}));
    const absl::StatusOr<std::size_t> found = reader_.Column(name);
    if (!found.ok()) return found.status();
    position = *found;
    return absl::OkStatus();
  }

  absl::Status FindOptional(const std::string& name, std::optional<std::size_t>& position) {
    if (name.empty()) return absl::OkStatus();
    const absl::StatusOr<std::size_t> found = reader_.Column(name);
    if (!found.ok()) return found.status();
    position = *found;
    return absl::OkStatus();
  }

  // The time of a row; says why not and returns nothing if it has none.
  std::optional<std::int64_t> TimeOf(const CsvRow& row, std::size_t column) {
    const auto time = ParseTime(Trimmed(row.cells[column]));
    if (!time) Unreadable(row, column, "not a time", Join({"Write it as ", kTimeForms}));
    return time;
  }

  const ImportArguments& arguments_;
  CsvReader& reader_;
  Caller& caller_;

 private:
  absl::Status SendBatch(BatchSender& sender) {
    auto numbers = std::make_shared<std::vector<std::int64_t>>();
    numbers->swap(numbers_);
    return sender.Send(TakeBatch(), [this, numbers](const grpc::ByteBuffer& bytes) {
      const auto fates = FatesOf(bytes);
      if (!fates.ok()) return fates.status();
      for (std::size_t i = 0; i < std::min(fates->size(), numbers->size()); ++i) {
        Count((*fates)[i], (*numbers)[i]);
      }
      progress_.Show(tally_);
      return absl::OkStatus();
    });
  }

  void Count(const v1::RowFate& fate, std::int64_t number) {
    switch (fate.fate()) {
      case v1::RowFate::ACCEPTED:
        ++tally_.accepted;
        break;
      case v1::RowFate::DUPLICATE:
        ++tally_.duplicate;
        break;
      case v1::RowFate::LATE:
        ++tally_.late;
        break;
      default:
        ++tally_.rejected;
        tally_.problems.Add({reader_.source(), number, "", "",
                             Join({fate.field(), fate.field().empty() ? "" : ": ", fate.detail(),
                                   " [", fate.reason(), "]"}),
                             ""});
    }
  }

  Tally& tally_;
  const Terminal& terminal_;
  Progress progress_;
  std::vector<std::int64_t> numbers_;  // rows of the batch at hand
};

class ExposureImporter : public Importer {
 public:
  using Importer::Importer;

  absl::Status Prepare() override {
    absl::Status found = Find(arguments_.unit, "--unit", unit_);
    if (found.ok()) found = Find(arguments_.time, "--time", time_);
    if (found.ok()) found = Find(arguments_.variant, "--variant", variant_);
    if (!found.ok()) return found;
    if (arguments_.experiment.empty()) return UsageError("--experiment NAME is missing");
    experiment_ = FullName("experiments/{id}", arguments_.experiment);
    for (const std::string& name : arguments_.attributes) {
      Attribute attribute;
      found = Find(name, "--attribute", attribute.column);
      if (!found.ok()) return found;
      attribute.id = Slug(name);
      v1::GetAttributeRequest request;
      request.set_name("attributes/" + attribute.id);
      v1::Attribute declared;
      // Its type says what the cells mean.
      const absl::Status got =
          caller_.Call("/insightloop.v1.AttributeService/GetAttribute", request, declared);
      if (!got.ok()) return got;
      attribute.type = declared.value_type();
      attributes_.push_back(std::move(attribute));
    }
    return absl::OkStatus();
  }

 protected:
  void AddRow(const CsvRow& row) override {
    const auto time = TimeOf(row, time_);
    if (!time) return;
    v1::Exposure& exposure = *request_.add_exposures();
    for (const Attribute& attribute : attributes_) {
      const std::string_view cell = Trimmed(row.cells[attribute.column]);
      if (cell.empty()) continue;
      auto& value = (*exposure.mutable_attributes())[attribute.id];
      if (attribute.type == v1::Attribute::STRING) {
        value.set_string_value(std::string(cell));
        continue;
      }
      const auto number = ParseNumber(cell);
      const bool yes = EqualsWithoutCase(cell, "true") || EqualsWithoutCase(cell, "yes");
      const bool no = EqualsWithoutCase(cell, "false") || EqualsWithoutCase(cell, "no");
      if (attribute.type == v1::Attribute::NUMBER && number) {
        value.set_number_value(*number);
      } else if (attribute.type == v1::Attribute::BOOLEAN &&
                 (yes || no || (number && (*number == 0 || *number == 1)))) {
        value.set_bool_value(yes || (number && *number == 1));
      } else {
        request_.mutable_exposures()->RemoveLast();
        Unreadable(row, attribute.column,
                   attribute.type == v1::Attribute::NUMBER ? "not a number" : "not true or false",
                   "Correct it, or empty the cell.");
        return;
      }
    }
    exposure.set_experiment(experiment_);
    exposure.mutable_unit_id()->assign(Trimmed(row.cells[unit_]));
    exposure.mutable_variant()->assign(Trimmed(row.cells[variant_]));
    SetTime(*time, *exposure.mutable_occur_time());
    Taken(row);
  }

  grpc::ByteBuffer TakeBatch() override {
    grpc::ByteBuffer bytes = Serialize(request_);
    request_.Clear();
    return bytes;
  }

  absl::StatusOr<std::vector<v1::RowFate>> FatesOf(const grpc::ByteBuffer& bytes) override {
    v1::RecordExposuresResponse response;
    const absl::Status parsed = Parse(bytes, response);
    if (!parsed.ok()) return parsed;
    return std::vector<v1::RowFate>(response.fates().begin(), response.fates().end());
  }

 private:
  struct Attribute {
    std::size_t column = 0;
    std::string id;
    v1::Attribute::ValueType type = v1::Attribute::STRING;
  };
  std::size_t unit_ = 0;
  std::size_t time_ = 0;
  std::size_t variant_ = 0;
  std::string experiment_;
  std::vector<Attribute> attributes_;
  v1::RecordExposuresRequest request_;
};

// The columns of an outcome that are taken over as text, with their help.
struct TextColumn {
  const char* field;
  const char* help;
};
constexpr TextColumn kTextColumns[] = {
    {"channel", "Through which channel, such as email."},
    {"touchpoint", "At which touchpoint."},
    {"source", "Which system reports it."},
    {"response-id", "What ties the answers of one questionnaire."},
    {"comment", "What the unit said."},
    {"item", "What it is about, such as a product."},
    {"category", "What kind of item."},
};

class OutcomeImporter : public Importer {
 public:
  using Importer::Importer;

  absl::Status Prepare() override {
    absl::Status found = Find(arguments_.unit, "--unit", unit_);
    if (found.ok()) found = Find(arguments_.time, "--time", time_);
    if (found.ok()) found = FindOptional(arguments_.value, value_);
    if (found.ok()) found = FindOptional(arguments_.id, id_);
    if (found.ok()) found = FindOptional(arguments_.event_column, event_column_);
    if (!found.ok()) return found;
    if (arguments_.event.empty() == arguments_.event_column.empty()) {
      return UsageError("give either --event NAME or --event-column COLUMN");
    }
    event_ = FullName(kEvents, arguments_.event);
    unit_type_ = FullName("unitTypes/{id}", arguments_.unit_type);
    for (const auto& [field, column] : arguments_.texts) {
      if (column.empty()) continue;
      std::string name = field;
      std::replace(name.begin(), name.end(), '-', '_');
      std::size_t position = 0;
      found = Find(column, "--column", position);
      if (!found.ok()) return found;
      texts_.emplace_back(v1::Outcome::descriptor()->FindFieldByName(name), position);
    }
    return absl::OkStatus();
  }

 protected:
  void AddRow(const CsvRow& row) override {
    const auto time = TimeOf(row, time_);
    if (!time) return;
    std::optional<double> value;
    if (value_) {
      const std::string_view cell = Trimmed(row.cells[*value_]);
      value = ParseNumber(cell);
      if (!value && !cell.empty()) {
        Unreadable(row, *value_, "not a number", "Write it with a point and without units.");
        return;
      }
    }
    v1::Outcome& outcome = *request_.add_outcomes();
    outcome.set_outcome_id(id_ ? std::string(Trimmed(row.cells[*id_]))
                               : RowDigest(reader_.source(), row.number, row.cells));
    if (!unit_type_.empty()) outcome.set_unit_type(unit_type_);
    outcome.mutable_unit_id()->assign(Trimmed(row.cells[unit_]));
    outcome.set_event(event_column_
                          ? FullName(kEvents, std::string(Trimmed(row.cells[*event_column_])))
                          : event_);
    SetTime(*time, *outcome.mutable_occur_time());
    if (value) outcome.set_value(*value);
    for (const auto& [field, column] : texts_) {
      const std::string_view cell = Trimmed(row.cells[column]);
      if (!cell.empty()) outcome.GetReflection()->SetString(&outcome, field, std::string(cell));
    }
    Taken(row);
  }

  grpc::ByteBuffer TakeBatch() override {
    request_.set_backfill(arguments_.backfill);
    grpc::ByteBuffer bytes = Serialize(request_);
    request_.Clear();
    return bytes;
  }

  absl::StatusOr<std::vector<v1::RowFate>> FatesOf(const grpc::ByteBuffer& bytes) override {
    v1::RecordOutcomesResponse response;
    const absl::Status parsed = Parse(bytes, response);
    if (!parsed.ok()) return parsed;
    return std::vector<v1::RowFate>(response.fates().begin(), response.fates().end());
  }

 private:
  static constexpr char kEvents[] = "events/{id}";

  std::size_t unit_ = 0;
  std::size_t time_ = 0;
  std::optional<std::size_t> value_;
  std::optional<std::size_t> id_;
  std::optional<std::size_t> event_column_;
  std::string event_;
  std::string unit_type_;
  std::vector<std::pair<const google::protobuf::FieldDescriptor*, std::size_t>> texts_;
  v1::RecordOutcomesRequest request_;
};

void PrintSummary(const Tally& tally, const Terminal& terminal) {
  const std::pair<const char*, std::int64_t> counts[] = {
      {"rows", tally.rows}, {"accepted", tally.accepted}, {"duplicate", tally.duplicate},
      {"late", tally.late}, {"rejected", tally.rejected}, {"unreadable", tally.unreadable},
  };
  if (terminal.json) {
    nlohmann::ordered_json summary;
    for (const auto& [name, count] : counts) summary[name] = count;
    summary["problems"] = nlohmann::ordered_json::array();
    for (const RowProblem& problem : tally.problems.told()) {
      summary["problems"].push_back({{"file", problem.file},
                                     {"row", problem.row},
                                     {"column", problem.column},
                                     {"value", problem.value},
                                     {"problem", problem.problem},
                                     {"remedy", problem.remedy}});
    }
    *terminal.out << summary.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    return;
  }
  Table table({{""}, {"", Table::Align::kRight}});
  for (const auto& [name, count] : counts) table.AddRow({name, Grouped(count)});
  *terminal.out << table.Render(false);
}

template <typename KindOfImporter>
absl::StatusOr<int> Import(const ImportArguments& arguments, const char* path,
                           const Context& context) {
  auto reader = CsvReader::Open(arguments.file);
  if (!reader.ok()) return reader.status();
  auto connection = Connection::Open(context.where);
  if (!connection.ok()) return connection.status();
  absl::Status done = (*connection)->Ready();
  if (!done.ok()) return done;
  Tally tally;
  {
    KindOfImporter importer(arguments, **reader, (*connection)->caller(), tally, context.terminal);
    done = importer.Prepare();
    if (!done.ok()) return (*connection)->Explain(done);
    done = importer.Run(path);
  }
  tally.problems.Print(context.terminal);
  if (!done.ok()) {
    context.terminal.Note(Join(
        {Grouped(tally.accepted + tally.duplicate + tally.late),
         " rows are stored so far. Run the same command again to go on: nothing counts twice."}));
    return (*connection)->Explain(done);
  }
  PrintSummary(tally, context.terminal);
  return tally.rejected + tally.unreadable > 0 ? kExitPartial : kExitOk;
}

}  // namespace

void AddImportCommands(CLI::App& app, Context& context, Work& work) {
  CLI::App* const group = app.add_subcommand("import", "Send rows of a CSV file to the server.");
  group->require_subcommand(1);
  const auto add = [&](CLI::App* command, const char* name, auto& to, const char* type,
                       const char* help) {
    CLI::Option* const option = command->add_option(name, to, Wrapped(help, 62));
    option->type_name(type);
    return option;
  };
  constexpr char kTimeHelp[] =
      "When it happened: RFC 3339, YYYY-MM-DD or 'YYYY-MM-DD HH:MM:SS[.ffffff]', the last two "
      "taken as UTC.";
  constexpr char kFileHelp[] = "A .csv or .csv.gz file, or - for standard input.";

  CLI::App* const exposures = group->add_subcommand(
      "exposures", "Rows that say which unit could see which variant, and when.");
  auto arguments = std::make_shared<ImportArguments>();
  add(exposures, "FILE", arguments->file, "", kFileHelp)->required();
  add(exposures, "--unit", arguments->unit, "COLUMN", "The unit.")->required();
  add(exposures, "--time", arguments->time, "COLUMN", kTimeHelp)->required();
  add(exposures, "--variant", arguments->variant, "COLUMN", "The variant.")->required();
  add(exposures, "--experiment", arguments->experiment, "NAME", "The experiment.")->required();
  add(exposures, "--attribute", arguments->attributes, "COLUMN",
      "What was known of the unit: the column of a declared attribute, whose id is the column's "
      "name in lower case with hyphens. May be repeated.")
      ->allow_extra_args(false);
  exposures->callback([&context, &work, arguments] {
    work = [&context, arguments] {
      return Import<ExposureImporter>(
          *arguments, "/insightloop.v1.MeasurementService/RecordExposures", context);
    };
  });

  CLI::App* const outcomes =
      group->add_subcommand("outcomes", "Rows that say what units did or answered, and when.");
  arguments = std::make_shared<ImportArguments>();
  add(outcomes, "FILE", arguments->file, "", kFileHelp)->required();
  add(outcomes, "--unit", arguments->unit, "COLUMN", "The unit.")->required();
  add(outcomes, "--time", arguments->time, "COLUMN", kTimeHelp)->required();
  add(outcomes, "--event", arguments->event, "NAME", "The declared event of all rows.");
  add(outcomes, "--event-column", arguments->event_column, "COLUMN", "Each row's event instead.");
  add(outcomes, "--value", arguments->value, "COLUMN", "The value, for events that have one.");
  add(outcomes, "--id", arguments->id, "COLUMN",
      "The outcome's id. Without it, a digest of file name, row number and row.");
  add(outcomes, "--unit-type", arguments->unit_type, "NAME",
      "The units' type; customer without it.");
  for (const TextColumn& column : kTextColumns) {
    add(outcomes, Join({"--", column.field}).c_str(), arguments->texts[column.field], "COLUMN",
        column.help);
  }
  outcomes->add_flag("--backfill", arguments->backfill,
                     "Accept any past time: old rows count and are not late.");
  outcomes->callback([&context, &work, arguments] {
    work = [&context, arguments] {
      return Import<OutcomeImporter>(*arguments,
                                     "/insightloop.v1.MeasurementService/RecordOutcomes", context);
    };
  });
}

}  // namespace insightloop::cli
