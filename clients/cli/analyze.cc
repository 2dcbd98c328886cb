// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/analyze.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "clients/cli/analysis_file.h"
#include "clients/cli/analysis_plan.h"
#include "clients/cli/batch_sender.h"
#include "clients/cli/digest.h"
#include "clients/cli/errors.h"
#include "clients/cli/fields.h"
#include "clients/cli/required_decision.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"
#include "clients/cli/verdict_renderer.h"
#include "insightloop/v1/attribute.pb.h"
#include "insightloop/v1/event.pb.h"
#include "insightloop/v1/experiment.pb.h"
#include "insightloop/v1/hypothesis.pb.h"
#include "insightloop/v1/insight.pb.h"
#include "insightloop/v1/measurement.pb.h"
#include "insightloop/v1/metric.pb.h"
#include "insightloop/v1/server.pb.h"
#include "insightloop/v1/verdict.pb.h"

namespace insightloop::cli {
namespace {

constexpr char kId[] = "imported-campaign";
constexpr char kInsight[] = "insights/imported-campaign";
constexpr char kHypothesis[] = "hypotheses/imported-campaign";
constexpr char kExperiment[] = "experiments/imported-campaign";

constexpr int kBatchRows = 5000;
constexpr int kBatchesInFlight = 3;
// Rows without times lie this far back: longer than any window that a file could need, and past.
constexpr std::int64_t kDaysBack = 40;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

v1::Metric::Kind KindOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kProportion:
      return v1::Metric::PROPORTION;
    case MetricKind::kMean:
      return v1::Metric::MEAN;
    case MetricKind::kCount:
      return v1::Metric::COUNT;
    case MetricKind::kNps:
      return v1::Metric::NPS;
    case MetricKind::kCsat:
      return v1::Metric::CSAT;
  }
  return v1::Metric::KIND_UNSPECIFIED;
}

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

// One analysis on one private server.
class Campaign {
 public:
  Campaign(const CampaignPlan& plan, CampaignData& data, Caller& caller)
      : plan_(plan), data_(data), caller_(caller) {}

  // Defines, records and judges. Rows that the server refuses are added to the data's problems.
  absl::StatusOr<v1::Verdict> Judge(std::size_t control, const std::vector<int>& weights) {
    v1::ServerInfo info;
    absl::Status done = Call("Server", "GetServerInfo", v1::GetServerInfoRequest(), info);
    if (!done.ok()) return done;
    const std::int64_t now = info.time().seconds() * kMicrosPerSecond + info.time().nanos() / 1000;
    base_time_ = now - kDaysBack * kMicrosPerDay;
    done = DefineMeasures();
    if (!done.ok()) return done;
    done = DefineExperiment(control, weights);
    if (!done.ok()) return done;
    done = SendExposures();
    if (!done.ok()) return done;
    done = SendOutcomes();
    if (!done.ok()) return done;

    v1::StopExperimentRequest stop;
    stop.set_name(kExperiment);
    stop.set_request_id(RandomUuid());
    v1::Experiment stopped;
    done = Call("Experiment", "StopExperiment", stop, stopped);
    if (!done.ok()) return done;
    v1::ComputeVerdictRequest compute;
    compute.set_experiment(kExperiment);
    v1::Verdict verdict;
    done = Call("Verdict", "ComputeVerdict", compute, verdict);
    if (!done.ok()) return done;
    return verdict;
  }

 private:
  absl::Status Call(const char* service, const char* method,
                    const google::protobuf::Message& request, google::protobuf::Message& response) {
    return caller_.Call(Join({"/insightloop.v1.", service, "Service/", method}), request, response);
  }

  absl::Status DefineAttribute(const AttributeSpec& spec, v1::Attribute::ValueType type) {
    v1::CreateAttributeRequest request;
    request.set_attribute_id(spec.id);
    request.set_request_id(RandomUuid());
    request.mutable_attribute()->set_value_type(type);
    request.mutable_attribute()->set_description(Join({"Column ", spec.column}));
    v1::Attribute created;
    return Call("Attribute", "CreateAttribute", request, created);
  }

  absl::Status DefineMeasures() {
    for (const AttributeSpec& segment : plan_.segments) {
      const absl::Status done = DefineAttribute(segment, v1::Attribute::STRING);
      if (!done.ok()) return done;
    }
    for (const AttributeSpec& number : plan_.numbers()) {
      const absl::Status done = DefineAttribute(number, v1::Attribute::NUMBER);
      if (!done.ok()) return done;
    }
    for (const MetricSpec& spec : plan_.metrics) {
      v1::CreateEventRequest event;
      event.set_event_id(spec.id);
      event.set_request_id(RandomUuid());
      event.mutable_event()->set_description(Join({"Column ", spec.column}));
      if (spec.survey()) {
        event.mutable_event()->set_value_kind(v1::Event::SCORE);
        event.mutable_event()->set_minimum(spec.worst_score());
        event.mutable_event()->set_maximum(spec.best_score);
      } else {
        event.mutable_event()->set_value_kind(
            spec.kind == MetricKind::kProportion ? v1::Event::NONE : v1::Event::NUMBER);
      }
      v1::Event created_event;
      absl::Status done = Call("Event", "CreateEvent", event, created_event);
      if (!done.ok()) return done;
      v1::CreateMetricRequest metric;
      metric.set_metric_id(spec.id);
      metric.set_request_id(RandomUuid());
      metric.mutable_metric()->set_kind(KindOf(spec.kind));
      metric.mutable_metric()->set_event(Join({"events/", spec.id}));
      metric.mutable_metric()->set_description(Join({"Column ", spec.column}));
      if (plan_.covariate && spec.takes_covariate()) {
        metric.mutable_metric()->mutable_covariate()->set_attribute(
            Join({"attributes/", plan_.covariate->id}));
      }
      if (plan_.answer_weight && spec.survey()) {
        metric.mutable_metric()->set_weight(Join({"attributes/", plan_.answer_weight->id}));
      }
      v1::Metric created_metric;
      done = Call("Metric", "CreateMetric", metric, created_metric);
      if (!done.ok()) return done;
    }
    return absl::OkStatus();
  }

  absl::Status DefineExperiment(std::size_t control, const std::vector<int>& weights) {
    v1::CreateInsightRequest insight;
    insight.set_insight_id(kId);
    insight.set_request_id(RandomUuid());
    insight.mutable_insight()->set_statement("The campaign changes what customers do.");
    v1::Insight created_insight;
    absl::Status done = Call("Insight", "CreateInsight", insight, created_insight);
    if (!done.ok()) return done;

    v1::CreateHypothesisRequest hypothesis;
    hypothesis.set_hypothesis_id(kId);
    hypothesis.set_request_id(RandomUuid());
    v1::Hypothesis& claim = *hypothesis.mutable_hypothesis();
    claim.add_insights(kInsight);
    claim.set_because("the campaign was made to change what customers do");
    claim.set_if_action(Join({"customers get another arm than ", data_.arms[control]}));
    claim.set_then_outcome(Join({plan_.metrics[0].column, " increases"}));
    claim.set_primary_metric(Join({"metrics/", plan_.metrics[0].id}));
    const auto scale_of = [](const MetricSpec& spec) {
      return spec.kind == MetricKind::kNps ? v1::EffectSize::ABSOLUTE : v1::EffectSize::RELATIVE;
    };
    if (plan_.smallest_effect) {
      claim.mutable_smallest_effect()->set_value(*plan_.smallest_effect);
      claim.mutable_smallest_effect()->set_scale(scale_of(plan_.metrics[0]));
    }
    for (const MetricSpec& spec : plan_.metrics) {
      if (!spec.margin) continue;
      v1::Guardrail& guardrail = *claim.add_guardrails();
      guardrail.set_metric(Join({"metrics/", spec.id}));
      guardrail.mutable_margin()->set_value(*spec.margin);
      guardrail.mutable_margin()->set_scale(scale_of(spec));
    }
    v1::Hypothesis created_hypothesis;
    done = Call("Hypothesis", "CreateHypothesis", hypothesis, created_hypothesis);
    if (!done.ok()) return done;

    v1::CreateExperimentRequest request;
    request.set_experiment_id(kId);
    request.set_request_id(RandomUuid());
    v1::Experiment& experiment = *request.mutable_experiment();
    experiment.set_hypothesis(kHypothesis);
    experiment.set_external(true);
    for (std::size_t k = 0; k < data_.arms.size(); ++k) {
      v1::Variant& variant = *experiment.add_variants();
      variant.set_variant_id(data_.arms[k]);
      variant.set_weight(weights[k]);
      variant.set_control(k == control);
    }
    v1::AnalysisPlan& plan = *experiment.mutable_plan();
    plan.set_method(plan_.always_valid ? v1::AnalysisPlan::ALWAYS_VALID
                                       : v1::AnalysisPlan::FIXED_HORIZON);
    if (plan_.alpha) plan.set_alpha(*plan_.alpha);
    for (std::size_t k = 1; k < plan_.metrics.size(); ++k) {
      if (!plan_.metrics[k].margin) {
        plan.add_secondary_metrics(Join({"metrics/", plan_.metrics[k].id}));
      }
    }
    for (const AttributeSpec& segment : plan_.segments) {
      plan.add_segment_attributes(Join({"attributes/", segment.id}));
    }
    v1::Experiment created;
    done = Call("Experiment", "CreateExperiment", request, created);
    if (!done.ok()) return done;

    v1::StartExperimentRequest start;
    start.set_name(kExperiment);
    start.set_request_id(RandomUuid());
    const std::int64_t first =
        data_.time.empty() ? base_time_ : *std::min_element(data_.time.begin(), data_.time.end());
    SetTime(first - kMicrosPerSecond, *start.mutable_start_time());
    return Call("Experiment", "StartExperiment", start, created);
  }

  std::int64_t TimeOf(std::size_t i) const {
    return data_.time.empty() ? base_time_ + static_cast<std::int64_t>(i) + 1 : data_.time[i];
  }

  // `row-N`, or `file-K-row-N` where there are several files.
  void SetRowName(std::size_t i, std::string& name) const {
    name.clear();
    std::array<char, 24> digits{};
    const auto append = [&](auto number) {
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
      name.append(digits.data(), end);
    };
    if (data_.files.size() > 1) {
      name.append("file-");
      append(data_.file[i] + 1);
      name.append("-");
    }
    name.append("row-");
    append(data_.row[i]);
  }

  void SetUnit(std::size_t i, std::string& unit) const {
    if (data_.unit_end.empty()) {
      SetRowName(i, unit);
    } else {
      unit.assign(data_.unit(i));
    }
  }

  void AddRefused(std::size_t i, const std::string& column, const v1::RowFate& fate) {
    data_.problems.Add({data_.files[data_.file[i]], data_.row[i], column, "",
                        Join({"refused by the server: ", fate.detail(), " [", fate.reason(), "]"}),
                        ""});
  }

  absl::Status SendExposures() {
    BatchSender sender(caller_, "/insightloop.v1.MeasurementService/RecordExposures",
                       kBatchesInFlight);
    // Cleared messages keep their memory: after the first batch no row allocates.
    v1::RecordExposuresRequest request;
    v1::RecordExposuresResponse response;
    const std::vector<AttributeSpec> numbers = plan_.numbers();
    for (std::size_t start = 0; start < data_.size(); start += kBatchRows) {
      request.Clear();
      const std::size_t end = std::min(start + kBatchRows, data_.size());
      for (std::size_t i = start; i < end; ++i) {
        v1::Exposure& exposure = *request.add_exposures();
        exposure.set_experiment(kExperiment);
        SetUnit(i, *exposure.mutable_unit_id());
        exposure.set_variant(data_.arms[data_.arm[i]]);
        SetTime(TimeOf(i), *exposure.mutable_occur_time());
        for (std::size_t k = 0; k < plan_.segments.size(); ++k) {
          const std::uint32_t value = data_.segments[k][i];
          if (value == 0) continue;
          (*exposure.mutable_attributes())[plan_.segments[k].id].set_string_value(
              data_.segment_values[k][value]);
        }
        for (std::size_t k = 0; k < numbers.size(); ++k) {
          if (!data_.numbers[k][i].has_value()) continue;
          (*exposure.mutable_attributes())[numbers[k].id].set_number_value(*data_.numbers[k][i]);
        }
      }
      const absl::Status sent =
          sender.Send(Serialize(request), [&, start](const grpc::ByteBuffer& bytes) {
            const absl::Status parsed = Parse(bytes, response);
            if (!parsed.ok()) return parsed;
            for (int f = 0; f < response.fates_size(); ++f) {
              if (response.fates(f).fate() == v1::RowFate::REJECTED) {
                AddRefused(start + static_cast<std::size_t>(f), "", response.fates(f));
              }
            }
            return absl::OkStatus();
          });
      if (!sent.ok()) return sent;
    }
    return sender.Finish();
  }

  absl::Status SendOutcomes() {
    struct Cell {
      std::uint32_t row;
      std::uint32_t metric;
    };
    BatchSender sender(caller_, "/insightloop.v1.MeasurementService/RecordOutcomes",
                       kBatchesInFlight);
    v1::RecordOutcomesRequest request;
    v1::RecordOutcomesResponse response;
    std::vector<std::string> events;
    for (const MetricSpec& spec : plan_.metrics) events.push_back("events/" + spec.id);
    auto cells = std::make_shared<std::vector<Cell>>();
    const auto send = [&] {
      request.set_backfill(true);
      const absl::Status sent =
          sender.Send(Serialize(request), [this, &response, cells](const grpc::ByteBuffer& bytes) {
            const absl::Status parsed = Parse(bytes, response);
            if (!parsed.ok()) return parsed;
            const int known = std::min(response.fates_size(), static_cast<int>(cells->size()));
            for (int f = 0; f < known; ++f) {
              if (response.fates(f).fate() != v1::RowFate::REJECTED) continue;
              const Cell& cell = (*cells)[static_cast<std::size_t>(f)];
              AddRefused(cell.row, plan_.metrics[cell.metric].column, response.fates(f));
            }
            return absl::OkStatus();
          });
      request.Clear();
      cells = std::make_shared<std::vector<Cell>>();
      cells->reserve(kBatchRows);
      return sent;
    };
    for (std::size_t i = 0; i < data_.size(); ++i) {
      for (std::size_t k = 0; k < plan_.metrics.size(); ++k) {
        const MetricColumn& column = data_.metrics[k];
        if (column.states[i] == MetricColumn::kNothing) continue;
        v1::Outcome& outcome = *request.add_outcomes();
        SetRowName(i, *outcome.mutable_outcome_id());
        SetUnit(i, *outcome.mutable_unit_id());
        outcome.set_event(events[k]);
        SetTime(TimeOf(i), *outcome.mutable_occur_time());
        if (column.states[i] == MetricColumn::kAsked) {
          outcome.set_asked(true);
        } else if (plan_.metrics[k].kind != MetricKind::kProportion) {
          outcome.set_value(column.values[i]);
        }
        cells->push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(k)});
      }
      if (request.outcomes_size() >= kBatchRows) {
        const absl::Status sent = send();
        if (!sent.ok()) return sent;
      }
    }
    if (request.outcomes_size() > 0) {
      const absl::Status sent = send();
      if (!sent.ok()) return sent;
    }
    return sender.Finish();
  }

  const CampaignPlan& plan_;
  CampaignData& data_;
  Caller& caller_;
  std::int64_t base_time_ = 0;
};

bool AreUnequal(const std::map<std::string, int>& weights) {
  constexpr double kMostUnequal = 1.5;  // as the server has it for money
  if (weights.empty()) return false;
  const auto [least, most] =
      std::minmax_element(weights.begin(), weights.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; });
  return most->second > kMostUnequal * least->second;
}

// What a reader of the figures should know about the file behind them.
std::vector<std::string> Caveats(const CampaignPlan& plan, const CampaignData& data) {
  std::vector<std::string> caveats;
  if (data.problems.count() > 0) {
    caveats.push_back(Join({Counted(data.problems.count(), "row", "rows"),
                            " could not be used; told on standard error"}));
  }
  if (data.left_out > 0) {
    caveats.push_back(Join({Counted(data.left_out, "row", "rows"), " left out: coded as missing"}));
  }
  for (std::size_t k = 0; k < plan.metrics.size(); ++k) {
    const MetricColumn& column = data.metrics[k];
    if (column.empty_cells > 0) {
      caveats.push_back(Join({plan.metrics[k].column, ": ",
                              Counted(column.empty_cells, "empty cell", "empty cells"),
                              " taken as nothing happened"}));
    }
    if (plan.metrics[k].survey()) {
      const auto silent =
          std::count(column.states.begin(), column.states.end(), MetricColumn::kAsked);
      if (silent > 0) {
        caveats.push_back(
            Join({plan.metrics[k].column, ": ", Grouped(silent), " of ",
                  Grouped(static_cast<long long>(data.size())), " asked did not answer"}));
      }
    }
  }
  const auto is_uncapped = [](const MetricSpec& spec) { return spec.kind == MetricKind::kMean; };
  const bool sums_decide =
      is_uncapped(plan.metrics[0]) ||
      std::any_of(plan.metrics.begin(), plan.metrics.end(),
                  [&](const MetricSpec& spec) { return spec.margin && is_uncapped(spec); });
  if (sums_decide && AreUnequal(plan.weights)) {
    caveats.emplace_back(
        "weights beyond 1.5 to 1: where a few large values make the sums, the error rate of a mean "
        "without a cap is not assured");
  }
  if (plan.time_column.empty()) {
    caveats.emplace_back(
        "no --time: rows are taken in file order, so how long the campaign ran is not checked");
  }
  return caveats;
}

absl::StatusOr<int> Analyze(const AnalyzeArguments& arguments, const RequiredDecision& required,
                            const Context& context) {
  if (const absl::Status checked = required.Check(); !checked.ok()) return checked;
  if (context.server_given) {
    return UsageError("analyze always uses a private server of its own",
                      "Leave --server and --local out. To keep a campaign on a server, use "
                      "`import`.");
  }
  const absl::StatusOr<CampaignPlan> plan = MakePlan(arguments);
  if (!plan.ok()) return plan.status();
  absl::StatusOr<CampaignFiles> files = CampaignFiles::Open(*plan);
  if (!files.ok()) return files.status();
  // The server starts while the file is read.
  Where where = context.where;
  where.local = ":memory:";
  auto connection = Connection::Open(where);
  if (!connection.ok()) return connection.status();
  absl::StatusOr<CampaignData> data = files->Read(*plan);
  if (!data.ok()) return data.status();
  const auto fail = [&](const absl::Status& status) {
    data->problems.Print(context.terminal);
    return status;
  };
  const absl::StatusOr<std::size_t> control = FindControl(*plan, *data);
  if (!control.ok()) return fail(control.status());
  const absl::StatusOr<std::vector<int>> weights = WeightsOf(*plan, *data);
  if (!weights.ok()) return fail(weights.status());
  const absl::Status ready = (*connection)->Ready();
  if (!ready.ok()) return fail(ready);

  Campaign campaign(*plan, *data, (*connection)->caller());
  const absl::StatusOr<v1::Verdict> verdict = campaign.Judge(*control, *weights);
  if (!verdict.ok()) return fail((*connection)->Explain(verdict.status()));
  data->problems.Print(context.terminal);
  const std::vector<std::string> caveats = Caveats(*plan, *data);
  if (context.terminal.json) {
    for (const std::string& caveat : caveats) context.terminal.Note("note: " + caveat);
    *context.terminal.out << ToJson(*verdict);
  } else {
    *context.terminal.out << RenderVerdict(*verdict, caveats, context.terminal.ColorOut());
  }
  if (data->problems.count() > 0) return kExitPartial;
  return required.ExitCodeFor(verdict->decision(), context.terminal);
}

}  // namespace

void AddAnalyzeCommand(CLI::App& app, Context& context, Work& work) {
  CLI::App* const command =
      app.add_subcommand("analyze", "Judge a finished campaign from its CSV file.");
  auto arguments = std::make_shared<AnalyzeArguments>();
  const auto option = [&](const char* name, auto& to, const char* type, const char* help) {
    CLI::Option* const added = command->add_option(name, to, Wrapped(help, 62));
    added->type_name(type);
    return added;
  };
  option("FILE", arguments->files, "", "A .csv or .csv.gz file with one row per unit or record.")
      ->expected(0, 100);
  option("--arm", arguments->arm, "COLUMN", "Which column names the variant that a row got.");
  option("--arm-value", arguments->arm_values, "ARM FILE",
         "All rows of FILE belong to ARM; once for each arm, in place of --arm.")
      ->allow_extra_args(false);
  option("--control", arguments->control, "VALUE", "The arm that the others are compared with.");
  option("--unit", arguments->unit, "COLUMN",
         "Which column names the unit, such as a customer. Without it each row is a unit.");
  option("--metric", arguments->metrics, "COLUMN:KIND",
         "What is measured; the first decides, the others support. KIND: proportion (any number "
         "but 0, true, yes), mean and count (sums per unit), nps (0 to 10), csat:N (1 to N). May "
         "be repeated.")
      ->allow_extra_args(false);
  option("--guardrail", arguments->guardrails, "COLUMN:KIND:MARGIN",
         "What must not get worse by MARGIN: a share of the control's value (0.02 is 2 %), for nps "
         "points. May be repeated.")
      ->allow_extra_args(false);
  option("--segment", arguments->segments, "COLUMN",
         "Show results by this column's values too. May be repeated.")
      ->allow_extra_args(false);
  option("--covariate", arguments->covariate, "COLUMN",
         "A number known of every unit before the campaign, such as what it spent: takes what it "
         "explains out of the noise of every metric but surveys.");
  option("--answer-weight", arguments->answer_weight, "COLUMN",
         "A number that says for how many a unit's answers stand, as surveys give it: shows their "
         "figures so weighted too.");
  option("--time", arguments->time, "COLUMN",
         "When a row happened: RFC 3339, YYYY-MM-DD or 'YYYY-MM-DD HH:MM:SS[.ffffff]', the last "
         "two taken as UTC. Without it rows are taken in file order.");
  option(
      "--missing", arguments->missing, "COLUMN=VALUE",
      "A code for 'not known': in a survey's column asked but not answered, else the row is left "
      "out. Case does not matter. May be repeated.")
      ->allow_extra_args(false);
  option("--weights", arguments->weights, "ARM=W,...",
         "Planned shares as whole numbers; equal without it.")
      ->allow_extra_args(false);
  option("--smallest-effect", arguments->smallest_effect, "X",
         "The smallest effect that matters: a share of the control's value (0.05 is 5 %), for nps "
         "points. Without it 'no meaningful effect' cannot be shown.");
  option("--alpha", arguments->alpha, "A", "Error rate of a false win; 0.05 without it.");
  option("--method", arguments->method, "METHOD",
         "fixed-horizon, the default: right for the one reading of a finished file; or "
         "always-valid: right also if it was read before, with wider intervals.");
  auto required = std::make_shared<RequiredDecision>();
  required->AddTo(*command);
  command->callback([&context, &work, arguments, required] {
    work = [&context, arguments, required] { return Analyze(*arguments, *required, context); };
  });
}

}  // namespace insightloop::cli
