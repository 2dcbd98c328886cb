// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/planning_renderer.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "clients/cli/table.h"
#include "clients/cli/text.h"

namespace insightloop::cli {
namespace {

std::string Number(const char* format, double value) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, value);
  return buffer.data();
}
std::string Percent(double share) { return Number("%.4g %%", 100 * share); }

// `AS_PLANNED` as `as planned`.
std::string Words(const std::string& name) {
  std::string words = Lower(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string Effect(const v1::PlanExperimentResponse& planning, double effect) {
  return planning.smallest_effect().scale() == v1::EffectSize::RELATIVE ? Percent(effect)
                                                                        : Number("%.4g", effect);
}

std::string Headline(const v1::PlanExperimentResponse& planning) {
  const v1::PlanChoice& plan = planning.choices(0);
  constexpr double kSecondsPerDay = 86'400;
  const double maturing = static_cast<double>(planning.maturing_time().seconds()) / kSecondsPerDay;
  std::string text =
      Join({Printable(LastPart(planning.experiment())), " takes ",
            Counted(plan.units(), "unit", "units"), " and ", Counted(plan.days(), "day", "days"),
            planning.goal() == v1::AnalysisPlan::NON_INFERIORITY ? " to rule out a loss of "
                                                                 : " to find an effect of ",
            Effect(planning, planning.smallest_effect().value())});
  if (planning.smallest_effect().scale() == v1::EffectSize::RELATIVE) {
    text += Join({" (", Number("%.4g", planning.absolute_effect()), ")"});
  }
  text += Join({" on ", Printable(LastPart(planning.metric()))});
  if (maturing > 0) {
    text += Join({"; its last units mature ", Number("%.4g", maturing), " days later"});
  }
  text += ".\n";
  std::string known;
  if (planning.has_baseline()) known = Join({"control ", Number("%.6g", planning.baseline())});
  if (planning.has_standard_deviation()) {
    known += Join({known.empty() ? "" : ", ", "standard deviation ",
                   Number("%.6g", planning.standard_deviation())});
  }
  if (planning.figures_units() > 0) {
    known += Join({", of ", Counted(planning.figures_units(), "unit", "units"), " so far"});
  }
  return known.empty() ? text : Join({text, known, "\n"});
}

}  // namespace

std::string RenderPlanning(const v1::PlanExperimentResponse& planning, bool color) {
  if (planning.choices().empty()) return {};
  using Align = Table::Align;
  std::vector<Table::Column> columns = {
      {"CHOICE"},
      {"METHOD"},
      {"ALPHA", Align::kRight},
      {"POWER", Align::kRight},
      {"UNITS", Align::kRight},
      {"DAYS", Align::kRight},
      {"PRICE", Align::kRight},
      {"NO EFFECT SHOWN", Align::kRight},
  };
  const bool has_days = std::any_of(planning.choices().begin(), planning.choices().end(),
                                    [](const v1::PlanChoice& choice) {
                                      return choice.out_of_reach() || choice.has_power_in_days();
                                    });
  if (has_days) {
    columns.insert(
        columns.end(),
        {{"IN REACH"}, {"POWER IN TIME", Align::kRight}, {"EFFECT IN TIME", Align::kRight}});
  }
  Table table(std::move(columns));
  constexpr char kNothing[] = "–";  // in the place of a number that cannot be stated
  for (const v1::PlanChoice& choice : planning.choices()) {
    std::vector<std::string> cells = {Words(v1::PlanChoice::Kind_Name(choice.kind())),
                                      Words(v1::AnalysisPlan::Method_Name(choice.method())),
                                      Percent(choice.alpha()),
                                      Percent(choice.power()),
                                      Grouped(choice.units()),
                                      Grouped(choice.days()),
                                      Number("%.2f", choice.price()),
                                      Percent(choice.equivalence_chance())};
    if (has_days) {
      cells.push_back(choice.out_of_reach() ? "no" : "yes");
      cells.push_back(choice.has_power_in_days() ? Percent(choice.power_in_days()) : kNothing);
      cells.push_back(choice.has_detectable_effect() ? Effect(planning, choice.detectable_effect())
                                                     : kNothing);
    }
    table.AddRow(std::move(cells));
  }
  std::string text = Join({Headline(planning), "\n", table.Render(color)});
  if (!planning.notes().empty()) {
    text += Join({"\n", color ? "\033[1mKeep in mind\033[0m" : "Keep in mind", "\n"});
    for (const std::string& note : planning.notes()) {
      text += Join({"  - ", Printable(note), "\n"});
    }
  }
  return text;
}

}  // namespace insightloop::cli
