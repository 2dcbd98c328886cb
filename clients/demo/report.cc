// SPDX-License-Identifier: Apache-2.0

#include "clients/demo/report.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/demo/behaviour.h"
#include "clients/demo/text.h"

namespace insightloop::demo {
namespace {

std::string PaintedDecision(const v1::Verdict& verdict, const Printer& print) {
  std::string text = v1::Verdict::Decision_Name(verdict.decision());
  if (!verdict.ship_variant().empty()) absl::StrAppend(&text, " ", verdict.ship_variant());
  switch (verdict.decision()) {
    case v1::Verdict::SHIP:
      return print.Bold(print.Green(text));
    case v1::Verdict::DO_NOT_SHIP:
    case v1::Verdict::INVALID:
      return print.Bold(print.Red(text));
    default:
      return print.Bold(print.Yellow(text));
  }
}

std::string PaintedStatus(v1::HealthCheck::Status status, const Printer& print) {
  const std::string name = PadRight(v1::HealthCheck::Status_Name(status), 4);
  if (status == v1::HealthCheck::PASS) return print.Green(name);
  return status == v1::HealthCheck::WARN ? print.Yellow(name) : print.Red(name);
}

std::string RoleText(v1::Result::Role role) {
  switch (role) {
    case v1::Result::PRIMARY:
      return "primary";
    case v1::Result::MECHANISM:
      return "mechanism";
    case v1::Result::GUARDRAIL:
      return "guardrail";
    default:
      return "secondary";
  }
}

// "csat (mean)": a metric with more than one statistic needs telling apart.
std::string MetricText(const v1::Result& result) {
  return ShortName(result.metric()) +
         (result.statistic() == v1::Result::MEAN_SCORE ? " (mean)" : "");
}

// The interval that decides: for the primary metric the one corrected for two treatments.
const v1::Interval& DecidingInterval(const v1::Result& result) {
  return result.has_adjusted_interval() ? result.adjusted_interval() : result.absolute_interval();
}

std::string ValueOrDash(const v1::Result& result, bool has_value, double value) {
  return has_value ? ValueText(result.statistic(), value) : "–";
}

std::string EffectOrDash(const v1::Result& result) {
  return result.has_absolute_effect() ? EffectText(result.statistic(), result.absolute_effect())
                                      : "–";
}

std::string LiftOrDash(const v1::Result& result) {
  return result.has_relative_lift() ? absl::StrFormat("%+.1f %%", 100 * result.relative_lift())
                                    : "–";
}

std::string PValueOrDash(const v1::Result& result) {
  return result.has_adjusted_p_value() ? PValueText(result.adjusted_p_value()) : "–";
}

// The results in two tables' order: all units first, then the primary metric by segment.
std::vector<const v1::Result*> ResultsWithTruth(const v1::Verdict& verdict) {
  std::vector<const v1::Result*> results;
  for (const v1::Result& result : verdict.results()) {
    const bool shown = result.segment().empty() || result.role() == v1::Result::PRIMARY;
    if (shown && result.has_absolute_effect() && TrueEffect(result).has_value()) {
      results.push_back(&result);
    }
  }
  return results;
}

bool Contains(const v1::Interval& interval, double truth) {
  return interval.has_lower() && interval.lower() <= truth && truth <= interval.upper();
}

std::string LevelText(const v1::Interval& interval) {
  return absl::StrFormat("%g %%", 100 * interval.level());
}

std::vector<std::string> TruthRow(const v1::Result& result, double truth, const Printer& print) {
  const v1::Interval& interval = DecidingInterval(result);
  std::string metric = MetricText(result);
  if (!result.segment().empty()) {
    absl::StrAppend(&metric, ", ", result.segment().substr(result.segment().find('=') + 1));
  }
  return {metric,
          result.variant(),
          EffectText(result.statistic(), truth),
          EffectOrDash(result),
          IntervalText(result.statistic(), interval),
          LevelText(interval),
          Contains(interval, truth) ? print.Green("covered") : print.Yellow("missed")};
}

// One station of the picture: a name, and what it says below.
void PrintStation(const std::string& name, const std::string& text, Printer& print) {
  print.Line("   " + print.Bold(name));
  for (const std::string& line : Wrapped(text, 88)) print.Line("   │  " + line);
}

void PrintArrow(const std::string& text, Printer& print) { print.Line("   ▼  " + print.Dim(text)); }

}  // namespace

void PrintDecision(const v1::Verdict& verdict, Printer& print) {
  print.Line();
  print.Line("   Decision: " + PaintedDecision(verdict, print));
  for (const v1::Reason& reason : verdict.reasons()) {
    print.Bullet(absl::StrCat(reason.code(), ": ", reason.detail()));
  }
}

void PrintFigures(const v1::Verdict& verdict, Printer& print) {
  print.Line();
  print.Say("Can the data be trusted?");
  for (const v1::HealthCheck& check : verdict.health()) {
    const std::string name = v1::HealthCheck::Check_Name(check.check());
    std::string lead = PaintedStatus(check.status(), print) + "  " + PadRight(name, 14) + "  ";
    for (const std::string& line : Wrapped(check.detail(), 75)) {
      print.Line("   " + lead + line);
      lead = std::string(22, ' ');
    }
  }
  print.Line();
  std::vector<std::vector<std::string>> rows = {
      {"metric", "role", "variant", "control", "treatment", "difference", "lift", "p (adj.)"}};
  for (const v1::Result& result : verdict.results()) {
    if (!result.segment().empty()) continue;
    rows.push_back({MetricText(result), RoleText(result.role()), result.variant(),
                    ValueOrDash(result, result.has_control_value(), result.control_value()),
                    ValueOrDash(result, result.has_treatment_value(), result.treatment_value()),
                    EffectOrDash(result), LiftOrDash(result), PValueOrDash(result)});
  }
  print.Table(rows, 3);
}

void PrintTruth(const v1::Verdict& verdict, Printer& print) {
  std::vector<std::vector<std::string>> rows = {
      {"metric", "variant", "planted", "estimated", "interval", "level", "the truth is"}};
  const std::vector<const v1::Result*> results = ResultsWithTruth(verdict);
  std::size_t covered = 0;
  for (const v1::Result* result : results) {
    const double truth = *TrueEffect(*result);
    if (Contains(DecidingInterval(*result), truth)) ++covered;
    rows.push_back(TruthRow(*result, truth, print));
  }
  print.Line();
  print.Table(rows, 2);
  print.Line();
  print.Say(absl::StrCat(covered, " of ", results.size(),
                         " intervals contain the truth. At a level of 95 % one in twenty is "
                         "expected to miss it; a method that never missed would be too timid."));
}

void PrintLineage(const Lineage& lineage, Printer& print) {
  print.Line();
  PrintStation(lineage.origin.name(), lineage.origin.statement(), print);
  PrintArrow("made testable by", print);
  PrintStation(lineage.hypothesis.name(),
               absl::StrCat("Because ", lineage.hypothesis.because(), ": if ",
                            lineage.hypothesis.if_action(), ", then ",
                            lineage.hypothesis.then_outcome(), "."),
               print);
  PrintArrow("put to the test by", print);
  PrintStation(lineage.experiment.name(),
               absl::StrCat(lineage.experiment.variants_size(), " arms, ",
                            Grouped(lineage.verdict.matured_units()), " customers, plan ",
                            lineage.experiment.plan_digest().substr(0, 12)),
               print);
  PrintArrow("judged by", print);
  PrintStation(lineage.verdict.name(), PaintedDecision(lineage.verdict, print), print);
  PrintArrow("fed back as", print);
  print.Line("   " + print.Bold(lineage.learned.name()));
  for (const std::string& line : Wrapped(lineage.learned.statement(), 88)) {
    print.Line("      " + line);
  }
  for (const v1::Evidence& evidence : lineage.learned.evidence()) {
    for (const std::string& line : Wrapped("evidence: " + evidence.finding(), 88)) {
      print.Line("      " + print.Dim(line));
    }
  }
  std::string parents;
  for (const std::string& parent : lineage.learned.parents())
    absl::StrAppend(&parents, " ", parent);
  print.Line("      " + print.Dim("parents:" + parents));
}

}  // namespace insightloop::demo
