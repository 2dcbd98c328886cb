// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/verdict_renderer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string_view>
#include <utility>

#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"

namespace insightloop::cli {
namespace {

using v1::HealthCheck;
using v1::Result;
using v1::Verdict;

constexpr std::size_t kSummaryWidth = 100;
constexpr char kNothing[] = "–";  // in the place of a number that cannot be stated

std::string Format(const char* format, int decimals, double value) {
  std::array<char, 352> buffer{};  // 308 digits of the greatest double and its decimals
  std::snprintf(buffer.data(), buffer.size(), format, decimals, value);
  return buffer.data();
}
std::string Fixed(double value, int decimals) {
  std::string text = Format("%.*f", decimals, value);
  // -0.00 is 0.00.
  if (text.find_first_not_of("-0.") == std::string::npos && text[0] == '-') text.erase(0, 1);
  return text;
}
std::string Signed(double value, int decimals) {
  const std::string text = Fixed(value, decimals);
  return text[0] == '-' ? text : "+" + text;
}

bool IsShare(const Result& result) {
  return result.statistic() == Result::SHARE || result.statistic() == Result::TOP_TWO_SHARE;
}
// Shares are shown in per cent.
double Scale(const Result& result) { return IsShare(result) ? 100 : 1; }

// As many decimals as two digits of the standard error: more would be noise.
int Decimals(const Result& result) {
  if (!result.has_standard_error()) return 2;
  const double error = result.standard_error() * Scale(result);
  if (!(error > 0) || !std::isfinite(error)) return 2;
  return std::clamp(1 - static_cast<int>(std::floor(std::log10(error))), 0, 8);
}

// What is compared, where the metric alone does not say it.
std::string MetricTitle(const Result& result) {
  const std::string metric = LastPart(result.metric());
  switch (result.statistic()) {
    case Result::TOP_TWO_SHARE:
      return metric + " top two";
    case Result::MEAN_SCORE:
      return metric + " mean";
    default:
      return metric;
  }
}

std::string Unit(const Result& result) {
  if (IsShare(result)) return " points";
  if (result.statistic() == Result::NET_PROMOTER_SCORE) return " NPS points";
  return {};
}

std::string Value(const Result& result, bool has, double value) {
  if (!has) return kNothing;
  return Fixed(value * Scale(result), Decimals(result)) + (IsShare(result) ? " %" : "");
}

std::string IntervalText(const v1::Interval& interval, double scale, int decimals) {
  if (!interval.has_lower() && !interval.has_upper()) return {};
  // One end alone is an interval too.
  return Join({"[", interval.has_lower() ? Signed(interval.lower() * scale, decimals) : "-∞", ", ",
               interval.has_upper() ? Signed(interval.upper() * scale, decimals) : "+∞", "]"});
}

std::string Difference(const Result& result) {
  if (!result.has_absolute_effect()) return kNothing;
  const int decimals = Decimals(result);
  const std::string interval = IntervalText(result.absolute_interval(), Scale(result), decimals);
  return Join({Signed(result.absolute_effect() * Scale(result), decimals),
               interval.empty() ? "" : " ", interval});
}

std::string Lift(const Result& result) {
  if (!result.has_relative_lift()) return kNothing;
  return Signed(result.relative_lift() * 100, 1) + " %";
}

std::string PValue(const Result& result) {
  if (!result.has_p_value() && !result.has_log_p_value()) return kNothing;
  const double p = result.has_p_value() ? result.p_value() : 0;
  return FormatPValue(p, result.has_log_p_value() ? result.log_p_value() : std::log(p));
}

std::string AdjustedPValue(const Result& result) {
  if (result.adjustment() == Result::NONE || !result.has_adjusted_p_value()) return {};
  const double p = result.adjusted_p_value();
  // Where the adjusted one underflows, its own logarithm is not told: bound it.
  if (p == 0) return "<1e-307";
  return FormatPValue(p, std::log(p));
}

std::string Percent(double share) {
  std::string text = Fixed(share * 100, 2);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + " %";
}

std::string DecisionWords(Verdict::Decision decision) {
  std::string words = Verdict::Decision_Name(decision);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

// Green for what may be shipped, red for what must not be, yellow for what is open.
const char* ColorOf(Verdict::Decision decision) {
  switch (decision) {
    case Verdict::SHIP:
      return "\033[1;32m";
    case Verdict::DO_NOT_SHIP:
    case Verdict::INVALID:
      return "\033[1;31m";
    default:
      return "\033[1;33m";
  }
}

std::string Colored(bool color, const char* start, std::string_view text) {
  return color ? Join({start, text, "\033[0m"}) : std::string(text);
}

// The primary result that the first line quotes: the shipped variant's, else the one with the
// largest effect. A metric with two statistics lists the one that decides first.
const Result* Headline(const Verdict& verdict) {
  const Result* headline = nullptr;
  for (const Result& result : verdict.results()) {
    if (result.role() != Result::PRIMARY || !result.segment().empty()) continue;
    if (!verdict.ship_variant().empty()) {
      if (result.variant() == verdict.ship_variant()) return &result;
      continue;
    }
    if (headline == nullptr ||
        (result.metric() == headline->metric() && result.statistic() == headline->statistic() &&
         result.absolute_effect() > headline->absolute_effect())) {
      headline = &result;
    }
  }
  return headline;
}

// The first result of a metric; nullptr when there is none.
const Result* FindResult(const Verdict& verdict, const std::string& metric) {
  for (const Result& result : verdict.results()) {
    if (result.metric() == metric) return &result;
  }
  return nullptr;
}

bool HasSeveralTreatments(const Verdict& verdict) {
  for (const Result& result : verdict.results()) {
    if (result.variant() != verdict.results(0).variant()) return true;
  }
  return false;
}

std::string DecisionLine(const Verdict& verdict, bool color) {
  std::string line = Colored(color, ColorOf(verdict.decision()), DecisionWords(verdict.decision()));
  if (!verdict.ship_variant().empty()) line += " " + Printable(verdict.ship_variant());
  const Result* const result = Headline(verdict);
  // The figures of an invalid verdict must not be read.
  if (result == nullptr || !result->has_absolute_effect() ||
      verdict.decision() == Verdict::INVALID) {
    return line + "\n";
  }
  line += Join({": ", Printable(MetricTitle(*result))});
  if (verdict.ship_variant().empty() && HasSeveralTreatments(verdict)) {
    line += Join({" of ", Printable(result->variant())});
  }
  const int decimals = Decimals(*result);
  const double scale = Scale(*result);
  line += Join({" ", Signed(result->absolute_effect() * scale, decimals), Unit(*result)});
  const std::string interval = IntervalText(result->absolute_interval(), scale, decimals);
  if (!interval.empty()) {
    line += Join({" ", interval});
    if (result->absolute_interval().has_level()) {
      line += Join({", ", Percent(result->absolute_interval().level()), " interval"});
    }
  }
  if (result->has_p_value() || result->has_log_p_value()) {
    line += Join({", p = ", PValue(*result)});
  }
  // With several treatments the wider interval decides.
  const v1::Interval& adjusted = result->adjusted_interval();
  if (adjusted.has_lower() && adjusted.has_level() && result->absolute_interval().has_level() &&
      adjusted.level() != result->absolute_interval().level()) {
    line += Join({" (corrected ", IntervalText(adjusted, scale, decimals), ")"});
  }
  return line + "\n";
}

std::string PlaceText(const v1::FaultPlace& place) {
  if (place.has_day()) {
    constexpr std::size_t kDate = 10;  // characters of 2026-01-31
    return FormatTime(place.day().seconds() * kMicrosPerSecond).substr(0, kDate);
  }
  return place.source().empty() ? place.segment() : Join({"source ", place.source()});
}

std::string HealthText(const Verdict& verdict, bool color) {
  std::string text;
  int passed = 0;
  Table table({{""}, {""}, {""}});
  for (const HealthCheck& check : verdict.health()) {
    if (check.status() == HealthCheck::PASS) {
      ++passed;
      continue;
    }
    table.AddRow({HealthCheck::Status_Name(check.status()), HealthCheck::Check_Name(check.check()),
                  check.detail()});
    for (const v1::FaultPlace& place : check.places()) {
      table.AddRow({"", "", Join({"in ", PlaceText(place), ": ", place.detail()})});
    }
  }
  if (verdict.health().empty()) return text;
  if (table.empty()) {
    return Join({"\n", Colored(color, "\033[1m", "Health"), "\n  ",
                 passed == 1 ? "The one check passed." : "",
                 passed == 1 ? "" : Join({"All ", std::to_string(passed), " checks passed."}),
                 "\n"});
  }
  text = Join({"\n", Colored(color, "\033[1m", "Health"), "\n", table.Render(false, "  ")});
  if (passed > 0) {
    text += Join({"  The other ", passed == 1 ? "check" : Join({std::to_string(passed), " checks"}),
                  " passed.\n"});
  }
  return text;
}

std::string Units(const Result& result) {
  if (!result.has_units_treatment() && !result.has_units_control()) return kNothing;
  return Join({Grouped(result.units_control()), " → ", Grouped(result.units_treatment())});
}

// The level that all intervals of the table share, for its title.
std::string DifferenceTitle(const Verdict& verdict) {
  double level = 0;
  for (const Result& result : verdict.results()) {
    if (!result.absolute_interval().has_level()) continue;
    if (level != 0 && level != result.absolute_interval().level()) return "DIFFERENCE [INTERVAL]";
    level = result.absolute_interval().level();
  }
  return level == 0 ? "DIFFERENCE" : Join({"DIFFERENCE [", Percent(level), " interval]"});
}

// The table of all units, or of the segments' cells.
std::string FiguresText(const Verdict& verdict, bool segments, bool color) {
  const bool several = HasSeveralTreatments(verdict);
  using Align = Table::Align;
  std::vector<Table::Column> columns;
  if (segments) columns.push_back({"SEGMENT"});
  columns.push_back({"METRIC"});
  if (!segments) columns.push_back({"ROLE"});
  if (several) columns.push_back({"ARM"});
  columns.insert(columns.end(), {{"UNITS", Align::kRight},
                                 {"CONTROL → TREATMENT", Align::kRight},
                                 {DifferenceTitle(verdict)},
                                 {"LIFT", Align::kRight},
                                 {"P", Align::kRight},
                                 {"ADJUSTED P", Align::kRight}});
  Table table(std::move(columns));
  for (const Result& result : verdict.results()) {
    if (result.segment().empty() == segments) continue;
    std::vector<std::string> cells;
    if (segments) cells.push_back(LastPart(result.segment()));
    cells.push_back(MetricTitle(result));
    if (!segments) cells.push_back(Lower(Result::Role_Name(result.role())));
    if (several) cells.push_back(result.variant());
    cells.push_back(Units(result));
    const std::string control = Value(result, result.has_control_value(), result.control_value());
    const std::string treatment =
        Value(result, result.has_treatment_value(), result.treatment_value());
    cells.push_back(Join({control, " → ", treatment}));
    cells.push_back(Difference(result));
    cells.push_back(Lift(result));
    cells.push_back(PValue(result));
    cells.push_back(AdjustedPValue(result));
    table.AddRow(std::move(cells));
  }
  return table.empty() ? std::string() : "\n" + table.Render(color);
}

// Whether the segments differ.
std::string InteractionsText(const Verdict& verdict, bool color) {
  using Align = Table::Align;
  std::vector<Table::Column> columns = {{"SEGMENT ATTRIBUTE"}};
  if (HasSeveralTreatments(verdict)) columns.push_back({"ARM"});
  columns.insert(columns.end(), {{"P OF ONE EFFECT", Align::kRight},
                                 {"ADJUSTED P", Align::kRight},
                                 {"FURTHEST FROM THE OTHERS"}});
  Table table(std::move(columns));
  for (const v1::Interaction& interaction : verdict.interactions()) {
    const auto p_text = [](bool has, double p) {
      return has ? FormatPValue(p, std::log(p)) : std::string(kNothing);
    };
    std::vector<std::string> cells = {LastPart(interaction.attribute())};
    if (HasSeveralTreatments(verdict)) cells.push_back(interaction.variant());
    cells.push_back(p_text(interaction.has_p_value(), interaction.p_value()));
    cells.push_back(p_text(interaction.has_adjusted_p_value(), interaction.adjusted_p_value()));
    cells.push_back(interaction.detail());
    table.AddRow(std::move(cells));
  }
  return table.empty() ? std::string() : "\n" + table.Render(color);
}

// How far a decision is, and what would change it.
std::string OutlookText(const Verdict& verdict, bool color) {
  std::vector<std::string> lines;
  if (verdict.has_units_to_go()) {
    std::string line = Join({"some ", Counted(verdict.units_to_go(), "more unit", "more units"),
                             " may decide it, if the estimates stay"});
    if (verdict.has_days_to_go()) {
      line += Join({"; about ", Fixed(verdict.days_to_go(), 1), " days at the rate so far"});
    }
    lines.push_back(line);
  }
  if (verdict.has_flip()) {
    const v1::Flip& flip = verdict.flip();
    std::string decision = DecisionWords(flip.decision());
    if (!flip.ship_variant().empty()) decision += " " + flip.ship_variant();
    lines.push_back(Join({LastPart(flip.metric()), " of ", flip.variant(), " ",
                          flip.standard_errors() > 0 ? "better" : "worse", " by ",
                          Fixed(std::abs(flip.standard_errors()), 2),
                          " standard errors would make it ", decision}));
  }
  if (lines.empty()) return {};
  std::string text = Join({"\n", Colored(color, "\033[1m", "What would change it"), "\n"});
  for (const std::string& line : lines) text += Join({"  - ", Printable(line), "\n"});
  return text;
}

// What cannot be stated of all units, and why: each reason once, with the first figure that it
// concerns; the others, such as its interval, follow from that one.
std::vector<std::string> AbsentNotes(const Verdict& verdict) {
  struct Note {
    std::string reason;
    std::string field;
    std::vector<std::string> metrics;
  };
  std::vector<Note> notes;
  for (const Result& result : verdict.results()) {
    if (!result.segment().empty()) continue;  // a dash in a small cell explains itself
    for (const v1::AbsentField& absent : result.absent()) {
      auto note = std::find_if(notes.begin(), notes.end(),
                               [&](const Note& known) { return known.reason == absent.reason(); });
      if (note == notes.end()) {
        std::string field = Kebab(absent.field());
        std::replace(field.begin(), field.end(), '-', ' ');
        note = notes.insert(notes.end(), {absent.reason(), field, {}});
      }
      const std::string metric = MetricTitle(result);
      if (std::find(note->metrics.begin(), note->metrics.end(), metric) == note->metrics.end()) {
        note->metrics.push_back(metric);
      }
    }
  }
  std::vector<std::string> texts;
  for (const Note& note : notes) {
    texts.push_back(Join({JoinList(note.metrics, ", "), ": no ", note.field, ": ", note.reason}));
  }
  return texts;
}

// `attributes/age`, `the 28.0 days before`.
std::string CovariateText(const v1::Covariate& covariate) {
  if (!covariate.has_history()) return covariate.attribute();
  constexpr double kSecondsPerDay = 86'400;
  const double days = static_cast<double>(covariate.history().seconds()) / kSecondsPerDay;
  return Join({"the ", Fixed(days, 1), " days before"});
}

std::string Arrow(std::string_view control, std::string_view treatment) {
  return Join({control, " → ", treatment});
}
std::string Arrow(std::int64_t control, std::int64_t treatment) {
  return Arrow(Grouped(control), Grouped(treatment));
}

// `0: 12 → 9, 1: 3 → 5`.
std::string CountsText(const v1::Answers& control, const v1::Answers& treatment) {
  std::map<double, std::pair<std::int64_t, std::int64_t>> units;
  for (const v1::AnswerCount& count : control.counts()) {
    units[count.answer()].first = count.units();
  }
  for (const v1::AnswerCount& count : treatment.counts()) {
    units[count.answer()].second = count.units();
  }
  std::vector<std::string> texts;
  for (const auto& [answer, of_arms] : units) {
    texts.push_back(Join({Format("%.*g", 6, answer), ": ", Arrow(of_arms.first, of_arms.second)}));
  }
  return JoinList(texts, ", ");
}

std::string BoundsText(const Result& result, const v1::ResponseBounds& bounds) {
  const int decimals = Decimals(result);
  const double scale = Scale(result);
  std::string text = Join({Signed(bounds.lower() * scale, decimals), " to ",
                           Signed(bounds.upper() * scale, decimals), Unit(result)});
  const std::string interval = IntervalText(bounds.interval(), scale, decimals);
  return interval.empty() ? text : Join({text, " ", interval});
}

// Of each survey of all units: who answered what, and what those may hide who did not.
std::vector<std::string> SurveyNotes(const Verdict& verdict) {
  std::vector<std::string> notes;
  for (const Result& result : verdict.results()) {
    if (!result.segment().empty() || !result.has_answers_control()) continue;
    const std::string arm =
        HasSeveralTreatments(verdict) ? Join({" of ", result.variant()}) : std::string();
    const std::string about = Join({LastPart(result.metric()), arm, ": "});
    notes.push_back(
        Join({about, Arrow(result.asked_control(), result.asked_treatment()), " units were asked, ",
              Arrow(result.units_control(), result.units_treatment()), " answered, ",
              Arrow(result.dismissed_control(), result.dismissed_treatment()), " turned it down"}));
    const v1::Answers &control = result.answers_control(), &treatment = result.answers_treatment();
    if (control.has_promoters()) {
      notes.push_back(
          Join({about, Arrow(control.promoters(), treatment.promoters()), " promoters, ",
                Arrow(control.passives(), treatment.passives()), " passives, ",
                Arrow(control.detractors(), treatment.detractors()), " detractors"}));
    }
    if (control.counts_size() > 0 && treatment.counts_size() > 0) {
      notes.push_back(Join({about, "answers ", CountsText(control, treatment)}));
    }
    if (result.has_lee_bounds()) {
      notes.push_back(Join({about,
                            "among those who would answer in either variant the difference "
                            "is ",
                            BoundsText(result, result.lee_bounds())}));
    }
    if (result.has_manski_bounds()) {
      notes.push_back(Join({about, "whatever those think who did not answer, it is ",
                            BoundsText(result, result.manski_bounds())}));
    }
    if (result.weighted().has_absolute_effect()) {
      const v1::WeightedFigures& weighted = result.weighted();
      const int decimals = Decimals(result);
      const double scale = Scale(result);
      notes.push_back(
          Join({about, "weighted by ", weighted.attribute(), " ",
                Arrow(Fixed(weighted.control_value() * scale, decimals),
                      Fixed(weighted.treatment_value() * scale, decimals)),
                ", difference ", Signed(weighted.absolute_effect() * scale, decimals), Unit(result),
                " ", IntervalText(weighted.interval(), scale, decimals)}));
    }
  }
  return notes;
}

// What the effect on primary metrics comes to over all units.
std::vector<std::string> ImpactNotes(const Verdict& verdict) {
  std::vector<std::string> notes;
  for (const Result& result : verdict.results()) {
    if (result.role() != Result::PRIMARY || !result.has_impact() || !result.impact().has_lower()) {
      continue;
    }
    const v1::Impact& impact = result.impact();
    const auto amount = [&impact](double value) {
      const std::string text = Signed(value, 0);
      return impact.currency().empty() ? text : Join({text, " ", impact.currency()});
    };
    notes.push_back(Join({MetricTitle(result), ": for all ", Grouped(impact.units()), " units ",
                          result.variant(), " would have come to ", amount(impact.estimate()), " [",
                          amount(impact.lower()), ", ", amount(impact.upper()), "] against ",
                          result.control()}));
  }
  return notes;
}

// What units did, by what they said.
std::string SaidAndDidText(const Verdict& verdict, bool color) {
  using Align = Table::Align;
  std::vector<Table::Column> columns = {{"SURVEY"}, {"SAID"}};
  if (HasSeveralTreatments(verdict)) columns.push_back({"ARM"});
  columns.insert(columns.end(),
                 {{"UNITS", Align::kRight}, {"DID"}, {"CONTROL → TREATMENT", Align::kRight}});
  Table table(std::move(columns));
  for (const v1::SaidAndDid& line : verdict.said_and_did()) {
    const Result* const shown = FindResult(verdict, line.metric());
    const auto value = [&](bool has, double number) {
      return shown == nullptr ? std::string(kNothing) : Value(*shown, has, number);
    };
    std::vector<std::string> cells = {LastPart(line.survey()),
                                      Lower(v1::SaidAndDid::Saying_Name(line.said()))};
    if (HasSeveralTreatments(verdict)) cells.push_back(line.variant());
    cells.push_back(Arrow(line.units_control(), line.units_treatment()));
    cells.push_back(LastPart(line.metric()));
    cells.push_back(Arrow(value(line.has_control_value(), line.control_value()),
                          value(line.has_treatment_value(), line.treatment_value())));
    table.AddRow(std::move(cells));
  }
  return table.empty() ? std::string() : "\n" + table.Render(color);
}

// What was done to the numbers of all units before they were compared, each once.
std::vector<std::string> AdjustmentNotes(const Verdict& verdict) {
  std::vector<std::string> notes;
  const auto add = [&notes](std::string note) {
    if (std::find(notes.begin(), notes.end(), note) == notes.end()) {
      notes.push_back(std::move(note));
    }
  };
  for (const Result& result : verdict.results()) {
    if (!result.segment().empty()) continue;
    const std::string metric = MetricTitle(result);
    if (result.has_cap()) {
      const std::string cap = Format("%.*g", 6, result.cap());
      add(Join({metric, ": what is above ", cap, " of a unit counts as ", cap}));
    }
    if (result.has_adjusted_for()) {
      const double removed = result.variance_removed();
      const std::string arm =
          HasSeveralTreatments(verdict) ? Join({" of ", result.variant()}) : std::string();
      add(Join({metric, arm, ": adjusted for ", CovariateText(result.adjusted_for()), ", which ",
                removed < 0 ? "adds " : "removes ", Percent(std::abs(removed)),
                " of the variance"}));
    }
  }
  return notes;
}

}  // namespace

std::string FormatPValue(double p, double log_p) {
  if (p >= 1e-4) return p >= 1 ? "1" : Fixed(p, 4);
  // Below the least double the logarithm still knows.
  const double log10 = log_p / std::log(10.0);
  if (!std::isfinite(log10)) return "0";
  double exponent = std::floor(log10);
  double mantissa = std::pow(10.0, log10 - exponent);
  if (mantissa >= 9.95) {  // would be shown as 10.0
    mantissa = 1;
    exponent += 1;
  }
  return Fixed(mantissa, 1) + "e" + Fixed(exponent, 0);
}

std::string RenderVerdict(const Verdict& verdict, const std::vector<std::string>& caveats,
                          bool color) {
  std::string text = DecisionLine(verdict, color);
  if (!verdict.experiment().empty()) {
    std::string about = Join({"experiment ", LastPart(verdict.experiment())});
    if (!verdict.name().empty()) about += Join({", verdict ", LastPart(verdict.name())});
    if (verdict.has_matured_units()) {
      about += Join({", ", Counted(verdict.matured_units(), "unit", "units")});
    }
    if (verdict.in_flight_units() > 0) {
      about += Join({", ", Grouped(verdict.in_flight_units()), " more with open windows"});
    }
    if (verdict.has_data_through()) {
      about += Join(
          {", data through ", FormatTime(verdict.data_through().seconds() * kMicrosPerSecond)});
    }
    text += about + "\n";
  }
  if (verdict.has_summary()) {
    text += Join({"\n", Wrapped(Printable(verdict.summary().english()), kSummaryWidth), "\n"});
  }
  if (!verdict.reasons().empty()) {
    Table table({{""}, {""}});
    for (const v1::Reason& reason : verdict.reasons()) {
      table.AddRow({reason.code(), reason.detail()});
    }
    text += Join({"\n", Colored(color, "\033[1m", "Why"), "\n", table.Render(false, "  ")});
  }
  text += HealthText(verdict, color);
  text += FiguresText(verdict, /*segments=*/false, color);
  text += FiguresText(verdict, /*segments=*/true, color);
  text += InteractionsText(verdict, color);
  text += SaidAndDidText(verdict, color);
  text += OutlookText(verdict, color);
  std::vector<std::string> notes = caveats;
  for (const std::string& note : ImpactNotes(verdict)) notes.push_back(note);
  for (const std::string& note : SurveyNotes(verdict)) notes.push_back(note);
  for (const std::string& note : AdjustmentNotes(verdict)) notes.push_back(note);
  for (const std::string& note : AbsentNotes(verdict)) notes.push_back(note);
  if (!notes.empty()) {
    text += Join({"\n", Colored(color, "\033[1m", "Keep in mind"), "\n"});
    for (const std::string& note : notes) text += Join({"  - ", Printable(note), "\n"});
  }
  return text;
}

}  // namespace insightloop::cli
