// SPDX-License-Identifier: Apache-2.0

#include "clients/demo/play.h"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/demo/interrupt.h"
#include "clients/demo/mailing.h"
#include "clients/demo/report.h"
#include "clients/demo/simulation.h"
#include "clients/demo/story.h"
#include "clients/demo/text.h"

namespace insightloop::demo {
namespace {

constexpr int kStopDay = 17;      // when the experiment is stopped
constexpr int kConcludeDay = 23;  // when every window has closed

// Nouns of the evidence's enums, as a person reads them.
std::string Words(std::string name) {
  for (char& c : name) c = c == '_' ? ' ' : static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return name;
}

// One performance: the acts in their order, and what later ones need of earlier ones.
class Performance {
 public:
  Performance(const Client& client, std::uint64_t seed, Printer& print)
      : client_(client), customers_(MakeCustomers(seed, kStartSeconds)), print_(print) {}

  absl::StatusOr<Ending> Run();

 private:
  using Act = absl::Status (Performance::*)();

  absl::Status RegisterInsight();
  absl::Status DefineMeasures();
  absl::Status StateHypothesis();
  absl::Status DesignExperiment();
  absl::Status StartExperiment();
  absl::Status AssignCustomers();
  absl::Status LiveTwoWeeks();
  absl::Status PeekAndStop();
  absl::Status TryToConcludeEarly();
  absl::Status Conclude();
  absl::Status CompareWithTruth();
  absl::Status CloseLoop();

  absl::Status DefineWhoAndWhat();
  void PrintInsight(const v1::Insight& insight);
  void PrintExperiment(const v1::Experiment& experiment);
  void PrintExamples();
  absl::Status AskAgain();
  absl::Status PassUntilDay(int day, std::vector<std::vector<std::string>>& rows);
  absl::Status RepeatBatch();
  absl::Status ReadLineage();
  std::int64_t Day(int day) const { return kStartSeconds + day * kSecondsPerDay; }

  const Client& client_;
  const std::vector<Customer> customers_;
  Printer& print_;
  Assignments assignments_;
  Facts facts_;
  std::optional<Reporter> reporter_;
  Lineage lineage_;
};

absl::StatusOr<Ending> Performance::Run() {
  constexpr std::array<Act, 12> kActs = {
      &Performance::RegisterInsight,    &Performance::DefineMeasures,
      &Performance::StateHypothesis,    &Performance::DesignExperiment,
      &Performance::StartExperiment,    &Performance::AssignCustomers,
      &Performance::LiveTwoWeeks,       &Performance::PeekAndStop,
      &Performance::TryToConcludeEarly, &Performance::Conclude,
      &Performance::CompareWithTruth,   &Performance::CloseLoop};
  for (const Act act : kActs) {
    if (InterruptSignal() != 0) return absl::CancelledError("asked to end");
    if (absl::Status status = (this->*act)(); !status.ok()) return status;
  }
  return Ending{.experiment = lineage_.experiment.name(),
                .verdict = lineage_.verdict.name(),
                .insight = lineage_.learned.name()};
}

absl::Status Performance::DefineWhoAndWhat() {
  for (const auto& request : Attributes()) {
    const auto made = Expect("creating an attribute", *client_.attributes,
                             &v1::AttributeService::Stub::CreateAttribute, request);
    if (!made.ok()) return made.status();
  }
  return Expect("creating the segment", *client_.segments, &v1::SegmentService::Stub::CreateSegment,
                MailSegment())
      .status();
}

absl::Status Performance::RegisterInsight() {
  print_.Step("An insight: why customers do not come back");
  if (auto status = DefineWhoAndWhat(); !status.ok()) return status;
  const auto insight = Expect("creating the insight", *client_.insights,
                              &v1::InsightService::Stub::CreateInsight, EmptyTinInsight());
  if (!insight.ok()) return insight.status();
  lineage_.origin = *insight;
  PrintInsight(*insight);
  return absl::OkStatus();
}

void Performance::PrintInsight(const v1::Insight& insight) {
  print_.Item("insight", insight.statement());
  print_.Item("why", insight.why());
  print_.Item("who", insight.who());
  print_.Item("what", insight.what());
  print_.Item("when", insight.when());
  print_.Item("where", insight.where());
  print_.Item("how", insight.how());
  for (const v1::Evidence& evidence : insight.evidence()) {
    print_.Item("evidence",
                absl::StrCat(Words(v1::Evidence::SourceSystem_Name(evidence.source_system())), ", ",
                             Words(v1::Evidence::DataType_Name(evidence.data_type())),
                             ", n = ", Grouped(evidence.sample_size()), ": ", evidence.finding()));
  }
  print_.Item("to change", insight.behaviour());
  print_.Item("for them", insight.customer_benefit());
  print_.Item("for us", insight.business_benefit());
}

absl::Status Performance::DefineMeasures() {
  print_.Step("What is measured: events, and metrics over them");
  std::vector<std::vector<std::string>> events = {{"event", "value", "meaning"}};
  for (const auto& request : Events()) {
    const auto event =
        Expect("creating an event", *client_.events, &v1::EventService::Stub::CreateEvent, request);
    if (!event.ok()) return event.status();
    events.push_back({ShortName(event->name()),
                      Words(v1::Event::ValueKind_Name(event->value_kind())), event->description()});
  }
  std::vector<std::vector<std::string>> metrics = {{"metric", "rule", "within", "meaning"}};
  for (const auto& request : Metrics()) {
    const auto metric = Expect("creating a metric", *client_.metrics,
                               &v1::MetricService::Stub::CreateMetric, request);
    if (!metric.ok()) return metric.status();
    const std::int64_t days = metric->window().length().seconds() / kSecondsPerDay;
    metrics.push_back({ShortName(metric->name()), v1::Metric::Kind_Name(metric->kind()),
                       absl::StrCat(days, " days"), metric->description()});
  }
  print_.Table(events, events[0].size());
  print_.Line();
  print_.Table(metrics, metrics[0].size());
  return absl::OkStatus();
}

absl::Status Performance::StateHypothesis() {
  print_.Step("A hypothesis that can fail");
  const auto hypothesis =
      Expect("creating the hypothesis", *client_.hypotheses,
             &v1::HypothesisService::Stub::CreateHypothesis, ReminderHypothesis());
  if (!hypothesis.ok()) return hypothesis.status();
  lineage_.hypothesis = *hypothesis;
  print_.Item("because", hypothesis->because());
  print_.Item("if", hypothesis->if_action());
  print_.Item("then", hypothesis->then_outcome());
  print_.Item("decides", absl::StrFormat("%s: less than %g %% more would not matter to anyone",
                                         ShortName(hypothesis->primary_metric()),
                                         100 * hypothesis->smallest_effect().value()));
  print_.Item("mechanism", ShortName(hypothesis->mechanism_metric()) +
                               ": if nobody clicks, the idea was never tested");
  for (const v1::Guardrail& guardrail : hypothesis->guardrails()) {
    print_.Item("guardrail",
                absl::StrFormat("%s: worse by less than %g pp (percentage points)",
                                ShortName(guardrail.metric()), 100 * guardrail.margin().value()));
  }
  print_.Item("our bet", absl::StrFormat("%g %% that it is shown to work",
                                         100 * hypothesis->author_probability()));
  return absl::OkStatus();
}

absl::Status Performance::DesignExperiment() {
  print_.Step("An experiment, and how it will be judged");
  const auto layer = Expect("creating the layer", *client_.layers,
                            &v1::LayerService::Stub::CreateLayer, MailLayer());
  if (!layer.ok()) return layer.status();
  const auto experiment =
      Expect("creating the experiment", *client_.experiments,
             &v1::ExperimentService::Stub::CreateExperiment, ReminderExperiment());
  if (!experiment.ok()) return experiment.status();
  PrintExperiment(*experiment);
  return absl::OkStatus();
}

void Performance::PrintExperiment(const v1::Experiment& experiment) {
  for (const v1::Variant& variant : experiment.variants()) {
    print_.Item(variant.control() ? "control" : "treatment",
                absl::StrCat(variant.variant_id(), ": ", variant.description()));
  }
  print_.Item("traffic", absl::StrFormat("%g %% of all customers, and of those only who agreed to "
                                         "receive mail; the rest is left alone",
                                         experiment.slot_count() / 10.0));
  const v1::AnalysisPlan& plan = experiment.plan();
  print_.Item("plan", absl::StrFormat("decides once, when %s customers have had their 14 days, "
                                      "with an error of at most %g %% over both treatments",
                                      Grouped(plan.planned_units()), 100 * plan.alpha()));
}

absl::Status Performance::StartExperiment() {
  print_.Step("Start: from now on the plan is sealed");
  v1::StartExperimentRequest request;
  request.set_name(kExperiment);
  const auto started = Expect("starting the experiment", *client_.experiments,
                              &v1::ExperimentService::Stub::StartExperiment, request);
  if (!started.ok()) return started.status();
  lineage_.experiment = *started;
  print_.Item("started", TimeText(started->start_time().seconds()) + " (simulated clock)");
  print_.Item("seal", absl::StrCat(started->plan_digest().substr(0, 12),
                                   "…: SHA-256 of the plan with all its definitions. It will "
                                   "stand in every verdict; nobody can choose the question after "
                                   "having seen the answer."));
  return absl::OkStatus();
}

absl::Status Performance::AssignCustomers() {
  print_.Step("Who gets which mail?");
  auto assignments = AssignAll(client_, customers_);
  if (!assignments.ok()) return assignments.status();
  assignments_ = *std::move(assignments);
  const auto size = static_cast<double>(customers_.size());
  print_.Say(absl::StrCat(Grouped(kCustomerCount), " customers, one Assign call each: ",
                          absl::StrFormat("%.1f s, ", assignments_.seconds),
                          Grouped(static_cast<std::int64_t>(size / assignments_.seconds)),
                          " a second, with the demo on the same machine."));
  std::vector<std::vector<std::string>> rows = {{"answer", "customers"}};
  for (const v1::Variant& variant : lineage_.experiment.variants()) {
    rows.push_back({"ASSIGNED to " + variant.variant_id(),
                    Grouped(assignments_.CountVariant(variant.variant_id()))});
  }
  for (const auto reason : {v1::AssignResponse::OUT_OF_TRAFFIC, v1::AssignResponse::NOT_ELIGIBLE}) {
    rows.push_back(
        {v1::AssignResponse::Reason_Name(reason), Grouped(assignments_.CountReason(reason))});
  }
  print_.Table(rows);
  PrintExamples();
  return AskAgain();
}

// The first customer of each answer.
void Performance::PrintExamples() {
  std::map<v1::AssignResponse::Reason, std::size_t> first;
  for (std::size_t i = 0; i < assignments_.answers.size(); ++i) {
    first.emplace(assignments_.answers[i].reason(), i);
  }
  for (const auto& [reason, i] : first) {
    const std::string& variant = assignments_.answers[i].variant();
    print_.Item("such as", absl::StrCat(customers_[i].unit_id, ": ",
                                        variant.empty() ? "no variant, the usual mail" : variant,
                                        ", because ", v1::AssignResponse::Reason_Name(reason)));
  }
}

absl::Status Performance::AskAgain() {
  constexpr std::size_t kHowMany = 100;
  const std::vector<Customer> some(customers_.begin(), customers_.begin() + kHowMany);
  const auto again = AssignAll(client_, some);
  if (!again.ok()) return again.status();
  for (std::size_t i = 0; i < kHowMany; ++i) {
    if (again->answers[i].variant() != assignments_.answers[i].variant()) {
      return absl::AbortedError("asked again, " + some[i].unit_id + " got another variant");
    }
  }
  print_.Say(absl::StrCat("Asked again, the first ", kHowMany,
                          " get the same answer: it follows from a hash, nothing is stored."));
  return absl::OkStatus();
}

absl::Status Performance::LiveTwoWeeks() {
  print_.Step("The mails go out, and customers do what they do");
  for (std::size_t i = 0; i < customers_.size(); ++i) {
    Live(customers_[i], assignments_.answers[i].variant(), facts_);
  }
  SortByTime(facts_);
  reporter_.emplace(client_, facts_);
  std::vector<std::vector<std::string>> rows = {
      {"until", "mails seen", "clicks", "orders", "unsubscribed", "csat rows", "nps rows"}};
  for (const int day : {1, 2, 3, 4, 5, 6, 7, 12, kStopDay}) {
    if (auto status = PassUntilDay(day, rows); !status.ok()) return status;
  }
  print_.Table(rows);
  print_.Say(
      "Orders come from everybody, also from customers outside the experiment: an outcome "
      "names a customer and an event, never an experiment. Survey rows are questions, "
      "answers and refusals, so that non-response can be seen.");
  return RepeatBatch();
}

// Lets the days pass and adds what was recorded as a row.
absl::Status Performance::PassUntilDay(int day, std::vector<std::vector<std::string>>& rows) {
  auto report = reporter_->PassUntil(Day(day));
  if (!report.ok()) return report.status();
  std::vector<std::string> row = {DayText(Day(day))};
  for (const char* event :
       {"exposures", kEmailClick, kPurchase, kUnsubscribe, kCsatAnswer, kNpsAnswer}) {
    row.push_back(Grouped(report->by_event[event]));
  }
  rows.push_back(std::move(row));
  return absl::OkStatus();
}

absl::Status Performance::RepeatBatch() {
  const auto fates = reporter_->RepeatLastBatch();
  if (!fates.ok()) return fates.status();
  print_.Say(absl::StrCat(
      "The answer to the last batch gets lost, say, and we send its ", Grouped(fates->rows()),
      " rows again: ", Grouped(fates->Count(v1::RowFate::DUPLICATE)), " DUPLICATE, ",
      Grouped(fates->Count(v1::RowFate::ACCEPTED)), " new. Nothing counts twice."));
  return absl::OkStatus();
}

absl::Status Performance::PeekAndStop() {
  print_.Step("A look in the middle, on " + TimeText(Day(kStopDay)));
  v1::ComputeVerdictRequest request;
  request.set_experiment(kExperiment);
  const auto verdict = Expect("computing a verdict", *client_.verdicts,
                              &v1::VerdictService::Stub::ComputeVerdict, request);
  if (!verdict.ok()) return verdict.status();
  if (verdict->decision() != v1::Verdict::KEEP_RUNNING) {
    return absl::AbortedError("in the middle the decision should be KEEP_RUNNING, but is " +
                              v1::Verdict::Decision_Name(verdict->decision()));
  }
  print_.Say(absl::StrCat(Grouped(verdict->matured_units()), " customers have had their 14 days, ",
                          Grouped(verdict->in_flight_units()), " still have time."));
  PrintDecision(*verdict, print_);
  print_.Line();
  print_.Say(
      "Looking costs nothing and decides nothing. Only closed windows are read: the coupon brings "
      "orders forward, and otherwise buying sooner would pass for buying more.");
  return absl::OkStatus();
}

absl::Status Performance::TryToConcludeEarly() {
  print_.Step("Stop, and an attempt to decide too early");
  v1::StopExperimentRequest stop;
  stop.set_name(kExperiment);
  const auto stopped = Expect("stopping the experiment", *client_.experiments,
                              &v1::ExperimentService::Stub::StopExperiment, stop);
  if (!stopped.ok()) return stopped.status();
  print_.Say("Stopped: nobody is assigned any more, but windows that are open stay open.");
  v1::ConcludeExperimentRequest request;
  request.set_name(kExperiment);
  v1::ConcludeExperimentResponse response;
  const grpc::Status refused = Call(
      *client_.experiments, &v1::ExperimentService::Stub::ConcludeExperiment, request, response);
  if (ReasonOf(refused) != "WINDOWS_OPEN") {
    return absl::AbortedError(
        "concluding early should be refused with WINDOWS_OPEN, but the "
        "answer is " +
        TextOf(refused));
  }
  print_.Item("refused", TextOf(refused));
  print_.Say("The server protects us from deciding on customers who still have time to buy.");
  return absl::OkStatus();
}

absl::Status Performance::Conclude() {
  std::vector<std::vector<std::string>> unused;
  if (auto status = PassUntilDay(kConcludeDay, unused); !status.ok()) return status;
  print_.Step("Conclude, on " + TimeText(Day(kConcludeDay)) + ": every window has closed");
  v1::ConcludeExperimentRequest request;
  request.set_name(kExperiment);
  const auto conclusion = Expect("concluding the experiment", *client_.experiments,
                                 &v1::ExperimentService::Stub::ConcludeExperiment, request);
  if (!conclusion.ok()) return conclusion.status();
  lineage_.experiment = conclusion->experiment();
  lineage_.verdict = conclusion->verdict();
  lineage_.learned = conclusion->insight();
  const bool sealed = lineage_.verdict.plan_digest() == lineage_.experiment.plan_digest();
  if (!sealed) return absl::AbortedError("the verdict was not judged by the sealed plan");
  PrintDecision(lineage_.verdict, print_);
  PrintFigures(lineage_.verdict, print_);
  print_.Line();
  print_.Say(absl::StrCat(Grouped(lineage_.verdict.matured_units()),
                          " customers, judged by the plan sealed as ",
                          lineage_.verdict.plan_digest().substr(0, 12),
                          "…. Differences in shares "
                          "are percentage points (pp), revenue is EUR per customer."));
  return absl::OkStatus();
}

absl::Status Performance::CompareWithTruth() {
  print_.Step("Is it true? What the simulation planted, beside what the server found");
  PrintTruth(lineage_.verdict, print_);
  return absl::OkStatus();
}

absl::Status Performance::CloseLoop() {
  print_.Step("The loop closes: a new insight, with its lineage");
  if (auto status = ReadLineage(); !status.ok()) return status;
  PrintLineage(lineage_, print_);
  print_.Line();
  print_.Say(
      "It stands beside the first one, ready for the next hypothesis: what else reminds "
      "customers in time?");
  return absl::OkStatus();
}

// Reads the new insight back as any client would, and follows its links.
absl::Status Performance::ReadLineage() {
  v1::GetInsightRequest request;
  request.set_name(lineage_.experiment.insight());
  const auto learned = Expect("reading the new insight", *client_.insights,
                              &v1::InsightService::Stub::GetInsight, request);
  if (!learned.ok()) return learned.status();
  const bool linked = learned->verdict() == lineage_.verdict.name() &&
                      learned->parents_size() == 1 && learned->parents(0) == lineage_.origin.name();
  if (!linked) return absl::AbortedError("the new insight does not say where it came from");
  lineage_.learned = *learned;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Ending> Play(const Client& client, std::uint64_t seed, Printer& print) {
  return Performance(client, seed, print).Run();
}

}  // namespace insightloop::demo
