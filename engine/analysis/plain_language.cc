// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/plain_language.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "engine/analysis/wording.h"
#include "engine/domain/resource.h"

namespace insightloop {
namespace {

// The phrases of a language; $0, $1 … are filled in. Lists are by index of their enum.
struct Language {
  bool decimal_comma;
  const char* decisions[7];       // what to do; $0: the variant to ship
  const char* wait;               // in place of keeping on what has been stopped
  const char* decision_names[7];  // inside a sentence
  const char* checks[16];         // what each health check looks at
  std::vector<std::pair<std::string_view, const char*>> reasons;  // by code
  // $0 treatment, $1 metric, $2 its value, $3 control's value, $4 control, $5 difference, $6 and $7
  // ends of the interval, $8 its level in per cent, $9 its validity.
  const char* figures;
  const char* figures_without_interval;  // $0 to $5
  const char* no_figures;                // $0 treatment, $1 metric
  const char* validities[3];
  const char *percentage_points, *points;
  const char *all_checks_passed, *warnings, *failures;  // $0: how many, or which
  const char* segments_differ;                          // $0 attributes
  const char *to_go, *to_go_days;                       // $0 units, $1 days, both counted
  const char* flip;  // $0 metric, $1 treatment, $2 standard errors, $3 decision
  const char *better, *worse;
  // Of a number: one, and several ($0).
  const char *one_unit, *units, *one_day, *days;
};

const Language& English() {
  static const Language* const language = new Language{
      .decimal_comma = false,
      .decisions = {"", "Ship $0.", "Do not ship: every treatment does harm.",
                    "No treatment is worth shipping.",
                    "The experiment is over, and its data do not settle the question.",
                    "Keep the experiment running: its data do not decide so far.",
                    "The data cannot be trusted: do not act on any of their figures, and mend the "
                    "fault first."},
      .wait = "Wait: the experiment is stopped, and some of its units are still being measured.",
      .decision_names = {"", "to ship $0", "not to ship", "that no treatment is worth shipping",
                         "that nothing is settled", "to keep running", "that the data are invalid"},
      .checks = {"", "the split of units between the variants",
                 "units that were seen in more than one variant", "outcomes that came late",
                 "how often the survey was answered in each variant", "how many days it ran",
                 "sums too large to be exact", "the split of units within the segments",
                 "differences between the variants' units from before the experiment",
                 "a single unit on which much of the result rests",
                 "how long ago the last fact came", "facts that were rejected",
                 "exposures to a variant that was not assigned", "departures from the sealed plan",
                 "whether the action reached its units",
                 "questionnaires with one answer to all items"},
      .reasons = {{"NOT_ENOUGH_DATA", "There are too few units or answers for any conclusion."},
                  {"BEFORE_HORIZON",
                   "It is to be read once, at its planned end, and that is not "
                   "reached."},
                  {"MIN_DURATION", "It has run for less than a full week, and weekdays differ."},
                  {"WINDOWS_OPEN", "Some units are still being measured."},
                  {"PAST_PLAN", "The planned size has been reached."},
                  {"GUARDRAIL_HARM", "A guardrail gets worse by more than its margin."},
                  {"GUARDRAIL_OPEN", "It is not shown that every guardrail holds."},
                  {"PRIMARY_BETTER", "That is better by more than chance explains."},
                  {"PRIMARY_WORSE", "That is worse by more than chance explains."},
                  {"NOT_INFERIOR", "It does not lose more than the plan allows."},
                  {"INFERIOR", "It loses more than the plan allows."},
                  {"INFERIORITY_OPEN",
                   "Whether it loses more than the plan allows is not settled."},
                  {"BEST_DISTINGUISHED", "It is also better than every other winner."},
                  {"BEST_NOT_DISTINGUISHED",
                   "Whether it is better than the other winners is not settled."},
                  {"EQUIVALENT",
                   "An effect as large as the smallest that matters is ruled out either way."},
                  {"BETTER_BUT_SMALL",
                   "It is better, but by less than the smallest effect that matters."},
                  {"GAIN_RULED_OUT", "A gain that matters is ruled out, a loss is not."},
                  {"TOO_SMALL", "Better and worse are both still possible."},
                  {"RESPONSE_DIFFERS",
                   "The survey was answered at different rates, so the answers may come from "
                   "different people."}},
      .figures =
          "With $0, $1 is $2, against $3 with $4. The difference is $5, and the data allow "
          "anything from $6 to $7 ($8 % interval, $9).",
      .figures_without_interval =
          "With $0, $1 is $2, against $3 with $4. The difference is $5, "
          "which cannot be told from chance so far.",
      .no_figures = "$0 cannot be compared on $1 so far.",
      .validities = {"", "for one reading at the planned end", "however often it is read"},
      .percentage_points = " percentage points",
      .points = " points",
      .all_checks_passed = "All $0 checks of the data passed.",
      .warnings = "Before acting, look at $0.",
      .failures = "What failed: $0.",
      .segments_differ = "The effect is not the same for all values of $0.",
      .to_go = "If the estimates stay, it may take $0 more to decide.",
      .to_go_days = "If the estimates stay, it may take $0 more to decide, about $1.",
      .flip = "The decision would be $3 if $0 with $1 were $4 by $2 standard errors.",
      .better = "better",
      .worse = "worse",
      .one_unit = "1 unit",
      .units = "$0 units",
      .one_day = "1 day",
      .days = "$0 days"};
  return *language;
}

const Language& Vietnamese() {
  static const Language* const language = new Language{
      .decimal_comma = true,
      .decisions = {"", "Hãy triển khai $0.",
                    "Không triển khai: mọi phương án thử nghiệm đều gây hại.",
                    "Không phương án thử nghiệm nào đáng triển khai.",
                    "Thử nghiệm đã kết thúc nhưng dữ liệu chưa trả lời được câu hỏi.",
                    "Hãy để thử nghiệm tiếp tục chạy: đến nay dữ liệu chưa đủ để quyết định.",
                    "Dữ liệu không đáng tin cậy: đừng hành động theo bất kỳ con số nào, hãy sửa "
                    "lỗi trước."},
      .wait = "Hãy chờ: thử nghiệm đã dừng nhưng một số đơn vị vẫn đang được đo.",
      .decision_names = {"", "triển khai $0", "không triển khai",
                         "không phương án nào đáng triển khai", "chưa kết luận được",
                         "tiếp tục chạy", "dữ liệu không hợp lệ"},
      .checks = {"", "tỷ lệ chia đơn vị giữa các phương án",
                 "các đơn vị xuất hiện ở nhiều phương án", "các kết quả đến muộn",
                 "tỷ lệ trả lời khảo sát ở từng phương án", "số ngày thử nghiệm đã chạy",
                 "các tổng quá lớn để tính chính xác", "tỷ lệ chia đơn vị trong từng phân khúc",
                 "khác biệt giữa các phương án đã có từ trước thử nghiệm",
                 "một đơn vị duy nhất quyết định phần lớn kết quả",
                 "thời gian từ dữ liệu mới nhất đến nay", "dữ liệu bị từ chối",
                 "lượt tiếp cận không đúng phương án được phân",
                 "những điểm khác với kế hoạch đã niêm phong",
                 "hành động có đến được các đơn vị hay không",
                 "bảng hỏi chỉ có một câu trả lời cho mọi mục"},
      .reasons = {{"NOT_ENOUGH_DATA", "Có quá ít đơn vị hoặc câu trả lời để kết luận."},
                  {"BEFORE_HORIZON",
                   "Kết quả chỉ được đọc một lần, khi kết thúc theo kế hoạch, và "
                   "thời điểm đó chưa đến."},
                  {"MIN_DURATION",
                   "Thử nghiệm chạy chưa đủ một tuần, mà các ngày trong tuần không "
                   "giống nhau."},
                  {"WINDOWS_OPEN", "Một số đơn vị vẫn đang được đo."},
                  {"PAST_PLAN", "Đã đạt cỡ mẫu dự kiến."},
                  {"GUARDRAIL_HARM", "Một chỉ số bảo vệ xấu đi quá mức cho phép."},
                  {"GUARDRAIL_OPEN", "Chưa chứng minh được rằng mọi chỉ số bảo vệ đều giữ vững."},
                  {"PRIMARY_BETTER", "Kết quả tốt hơn mức mà ngẫu nhiên có thể giải thích."},
                  {"PRIMARY_WORSE", "Kết quả xấu hơn mức mà ngẫu nhiên có thể giải thích."},
                  {"NOT_INFERIOR", "Phương án này không kém hơn mức mà kế hoạch cho phép."},
                  {"INFERIOR", "Phương án này kém hơn mức mà kế hoạch cho phép."},
                  {"INFERIORITY_OPEN",
                   "Chưa rõ phương án này có kém hơn mức mà kế hoạch cho phép hay không."},
                  {"BEST_DISTINGUISHED", "Phương án này cũng tốt hơn mọi phương án thắng khác."},
                  {"BEST_NOT_DISTINGUISHED",
                   "Chưa rõ phương án này có tốt hơn các phương án thắng khác hay không."},
                  {"EQUIVALENT",
                   "Tác động lớn bằng mức nhỏ nhất đáng quan tâm đã bị loại trừ ở cả hai chiều."},
                  {"BETTER_BUT_SMALL", "Kết quả tốt hơn, nhưng dưới mức nhỏ nhất đáng quan tâm."},
                  {"GAIN_RULED_OUT",
                   "Đã loại trừ mức tăng đáng quan tâm, nhưng chưa loại trừ thiệt hại."},
                  {"TOO_SMALL", "Vẫn có thể tốt hơn hoặc xấu hơn."},
                  {"RESPONSE_DIFFERS",
                   "Tỷ lệ trả lời khảo sát khác nhau, nên câu trả lời có thể đến từ những nhóm "
                   "người khác nhau."}},
      .figures =
          "Với $0, $1 là $2, so với $3 của $4. Chênh lệch là $5, và dữ liệu cho phép mọi "
          "giá trị từ $6 đến $7 (khoảng tin cậy $8 %, $9).",
      .figures_without_interval =
          "Với $0, $1 là $2, so với $3 của $4. Chênh lệch là $5, đến nay "
          "chưa phân biệt được với ngẫu nhiên.",
      .no_figures = "Đến nay chưa thể so sánh $0 theo $1.",
      .validities = {"", "cho một lần đọc khi kết thúc theo kế hoạch", "dù đọc bao nhiêu lần"},
      .percentage_points = " điểm phần trăm",
      .points = " điểm",
      .all_checks_passed = "Cả $0 phép kiểm tra dữ liệu đều đạt.",
      .warnings = "Trước khi hành động, hãy xem xét: $0.",
      .failures = "Không đạt: $0.",
      .segments_differ = "Tác động không giống nhau giữa các giá trị của $0.",
      .to_go = "Nếu các ước lượng giữ nguyên, có thể cần thêm $0 để quyết định.",
      .to_go_days =
          "Nếu các ước lượng giữ nguyên, thêm khoảng $0 có thể đủ để quyết định, "
          "trong khoảng $1.",
      .flip = "Quyết định sẽ là $3 nếu $0 với $1 $4 thêm $2 lần sai số chuẩn.",
      .better = "tốt lên",
      .worse = "xấu đi",
      .one_unit = "1 đơn vị",
      .units = "$0 đơn vị",
      .one_day = "1 ngày",
      .days = "$0 ngày"};
  return *language;
}

// `metrics/visit` as `visit`.
std::string Id(std::string_view name) { return std::string(IdOf(name)); }

class Writer {
 public:
  Writer(const Language& language, const Verdict& verdict, bool stopped)
      : language_(language), verdict_(verdict), stopped_(stopped) {}

  std::string Write() const {
    const bool waits = stopped_ && verdict_.decision == Decision::kKeepRunning;
    std::vector<std::string> sentences = {
        absl::Substitute(waits ? language_.wait : At(language_.decisions, verdict_.decision),
                         verdict_.ship_variant)};
    // The figures of an invalid verdict must not be read.
    if (verdict_.decision != Decision::kInvalid) {
      for (const Result& result : verdict_.results) {
        if (IsShown(result)) sentences.push_back(FiguresOf(result));
      }
      AddReasons(sentences);
      AddSegments(sentences);
    }
    AddHealth(sentences);
    AddOutlook(sentences);
    return absl::StrJoin(sentences, " ");
  }

 private:
  template <class Enum, std::size_t kSize>
  static const char* At(const char* const (&phrases)[kSize], Enum value) {
    return phrases[static_cast<std::size_t>(value)];
  }

  // The primary metric, by the statistic that decides, of all units.
  bool IsShown(const Result& result) const {
    if (result.role != Role::kPrimary || !result.segment.empty() ||
        result.statistic == Statistic::kMeanScore) {
      return false;
    }
    return verdict_.ship_variant.empty() || result.variant == verdict_.ship_variant;
  }

  std::string Local(std::string number) const {
    if (!language_.decimal_comma) return number;
    for (char& c : number) {
      if (c == '.' || c == ',') c = c == '.' ? ',' : '.';
    }
    return number;
  }
  std::string Counted(std::int64_t number, const char* one, const char* several) const {
    return number == 1 ? one : absl::Substitute(several, Local(Grouped(number)));
  }
  std::string Value(Statistic statistic, double value) const {
    return Local(IsShare(statistic) ? Percent(value) : PlainNumber(value));
  }
  std::string Difference(Statistic statistic, double difference) const {
    const std::string text = PlainNumber(IsShare(statistic) ? 100 * difference : difference);
    return Local(text.starts_with('-') ? text : absl::StrCat("+", text));
  }
  std::string UnitOf(Statistic statistic) const {
    if (IsShare(statistic)) return language_.percentage_points;
    return statistic == Statistic::kNetPromoterScore ? language_.points : "";
  }

  std::string FiguresOf(const Result& result) const {
    if (!result.absolute_effect.has_value()) {
      return absl::Substitute(language_.no_figures, result.variant, Id(result.metric));
    }
    const Statistic statistic = result.statistic;
    const std::string treatment = Value(statistic, *result.treatment_value);
    const std::string control = Value(statistic, *result.control_value);
    const std::string difference =
        absl::StrCat(Difference(statistic, *result.absolute_effect), UnitOf(statistic));
    // The interval that decides.
    const auto& interval =
        result.adjusted_interval.has_value() ? result.adjusted_interval : result.absolute_interval;
    if (!interval.has_value()) {
      return absl::Substitute(language_.figures_without_interval, result.variant, Id(result.metric),
                              treatment, control, result.control, difference);
    }
    return absl::Substitute(
        language_.figures, result.variant, Id(result.metric), treatment, control, result.control,
        difference, Difference(statistic, *interval->lower),
        absl::StrCat(Difference(statistic, *interval->upper), UnitOf(statistic)),
        Local(PlainNumber(100 * *interval->level)), At(language_.validities, interval->validity));
  }

  bool HasSeveralTreatments() const {
    return std::any_of(verdict_.results.begin(), verdict_.results.end(), [&](const Result& r) {
      return r.variant != verdict_.results.front().variant;
    });
  }

  bool HasSeveralPrimaries() const {
    return std::any_of(verdict_.results.begin(), verdict_.results.end(), [&](const Result& r) {
      return r.role == Role::kPrimary && r.metric != verdict_.results.front().metric;
    });
  }

  // `mail, visit: `, where there are several of either.
  std::string About(const Reason& reason) const {
    std::vector<std::string> about;
    if (HasSeveralTreatments() && !reason.variant.empty()) about.push_back(reason.variant);
    if (HasSeveralPrimaries() && !reason.metric.empty()) about.push_back(Id(reason.metric));
    return about.empty() ? "" : absl::StrCat(absl::StrJoin(about, ", "), ": ");
  }

  // Each once, in the order of the decision.
  void AddReasons(std::vector<std::string>& sentences) const {
    std::vector<std::string> said;
    for (const Reason& reason : verdict_.reasons) {
      for (const auto& [code, phrase] : language_.reasons) {
        if (code != reason.code) continue;
        std::string sentence = absl::StrCat(About(reason), phrase);
        if (std::find(said.begin(), said.end(), sentence) == said.end()) said.push_back(sentence);
      }
    }
    sentences.insert(sentences.end(), said.begin(), said.end());
  }

  // Once the primary metric may be read.
  void AddSegments(std::vector<std::string>& sentences) const {
    constexpr std::int32_t kFirstRowThatReads = 5;
    if (verdict_.row < kFirstRowThatReads) return;
    std::vector<std::string> attributes;
    for (const Interaction& interaction : verdict_.interactions) {
      const std::string attribute = Id(interaction.attribute);
      if (interaction.adjusted_p_value.value_or(1) > Alpha()) continue;
      if (std::find(attributes.begin(), attributes.end(), attribute) != attributes.end()) continue;
      attributes.push_back(attribute);
    }
    if (attributes.empty()) return;
    sentences.push_back(
        absl::Substitute(language_.segments_differ, absl::StrJoin(attributes, ", ")));
  }

  // The plan's, as intervals state it; 0 where there is none.
  double Alpha() const {
    for (const Result& result : verdict_.results) {
      if (result.absolute_interval.has_value()) return 1 - *result.absolute_interval->level;
    }
    return 0;
  }

  void AddHealth(std::vector<std::string>& sentences) const {
    const std::string failed = ChecksThat(CheckStatus::kFail);
    const std::string warned = ChecksThat(CheckStatus::kWarn);
    if (!failed.empty()) sentences.push_back(absl::Substitute(language_.failures, failed));
    if (!warned.empty()) sentences.push_back(absl::Substitute(language_.warnings, warned));
    if (failed.empty() && warned.empty()) {
      sentences.push_back(absl::Substitute(language_.all_checks_passed, verdict_.health.size()));
    }
  }

  std::string ChecksThat(CheckStatus status) const {
    std::vector<std::string> names;
    for (const HealthCheck& check : verdict_.health) {
      const std::string name = At(language_.checks, check.check);
      if (check.status != status) continue;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return absl::StrJoin(names, "; ");
  }

  // How far a decision is, or what would change it.
  void AddOutlook(std::vector<std::string>& sentences) const {
    if (verdict_.units_to_go.has_value()) {
      const std::string units = Counted(*verdict_.units_to_go, language_.one_unit, language_.units);
      const std::string days = Counted(std::llround(std::ceil(verdict_.days_to_go.value_or(0))),
                                       language_.one_day, language_.days);
      sentences.push_back(verdict_.days_to_go.has_value()
                              ? absl::Substitute(language_.to_go_days, units, days)
                              : absl::Substitute(language_.to_go, units));
    }
    if (!verdict_.flip.has_value()) return;
    const Flip& flip = *verdict_.flip;
    const std::string decision =
        absl::Substitute(At(language_.decision_names, flip.decision), flip.ship_variant);
    sentences.push_back(absl::Substitute(
        language_.flip, Id(flip.metric), flip.variant,
        Local(absl::StrFormat("%.1f", std::max(0.1, std::abs(*flip.standard_errors)))), decision,
        *flip.standard_errors > 0 ? language_.better : language_.worse));
  }

  const Language& language_;
  const Verdict& verdict_;
  const bool stopped_;
};

}  // namespace

Summary InPlainLanguage(const Verdict& verdict, bool stopped) {
  return {.english = Writer(English(), verdict, stopped).Write(),
          .vietnamese = Writer(Vietnamese(), verdict, stopped).Write()};
}

}  // namespace insightloop
