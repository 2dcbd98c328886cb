// SPDX-License-Identifier: Apache-2.0

#include "api/convert.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "engine/domain/attribute.h"
#include "engine/domain/campaign.h"
#include "engine/domain/catalog_experiment.h"
#include "engine/domain/event.h"
#include "engine/domain/experiment.h"
#include "engine/domain/hypothesis.h"
#include "engine/domain/insight.h"
#include "engine/domain/layer.h"
#include "engine/domain/metric.h"
#include "engine/domain/planning.h"
#include "engine/domain/programme.h"
#include "engine/domain/unit_type.h"
#include "engine/domain/verdict.h"
#include "insightloop/v1/assignment.pb.h"
#include "insightloop/v1/attribute.pb.h"
#include "insightloop/v1/campaign.pb.h"
#include "insightloop/v1/event.pb.h"
#include "insightloop/v1/experiment.pb.h"
#include "insightloop/v1/hypothesis.pb.h"
#include "insightloop/v1/insight.pb.h"
#include "insightloop/v1/layer.pb.h"
#include "insightloop/v1/metric.pb.h"
#include "insightloop/v1/programme.pb.h"
#include "insightloop/v1/segment.pb.h"
#include "insightloop/v1/unit_type.pb.h"
#include "insightloop/v1/verdict.pb.h"
#include "tests/support/status_matchers.h"

namespace insightloop::api {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;
using google::protobuf::Value;
using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Sets every field, also in messages within, to a value that no other field has. A field that is
// added to the contract is filled in too, so that forgetting it in the engine's nouns breaks these
// tests.
class Filler {
 public:
  void Fill(Message& message) {
    if (auto* time = dynamic_cast<Timestamp*>(&message); time != nullptr) {
      time->set_seconds(1'700'000'000 + ++count_);
      time->set_nanos(count_ * 1000);
      return;
    }
    if (auto* duration = dynamic_cast<google::protobuf::Duration*>(&message); duration != nullptr) {
      duration->set_seconds(++count_);
      duration->set_nanos(count_ * 1000);
      return;
    }
    if (auto* value = dynamic_cast<Value*>(&message); value != nullptr) {
      switch (++count_ % 3) {
        case 0:
          return value->set_string_value(Text());
        case 1:
          return value->set_number_value(Number());
        default:
          return value->set_bool_value(true);
      }
    }
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = message.GetDescriptor()->field(i);
      const int times = field->is_repeated() ? 2 : 1;
      for (int k = 0; k < times; ++k) FillField(message, *field);
    }
  }

 private:
  std::string Text() { return "text “" + std::to_string(++count_) + "” \\ \n"; }
  double Number() { return 1.0 / 3 + ++count_; }

  void FillField(Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    const bool many = field.is_repeated();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        many ? reflection.AddString(&message, &field, Text())
             : reflection.SetString(&message, &field, Text());
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        many ? reflection.AddDouble(&message, &field, Number())
             : reflection.SetDouble(&message, &field, Number());
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        many ? reflection.AddBool(&message, &field, true)
             : reflection.SetBool(&message, &field, true);
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        many ? reflection.AddInt32(&message, &field, ++count_)
             : reflection.SetInt32(&message, &field, ++count_);
        break;
      case FieldDescriptor::CPPTYPE_INT64: {
        // Beyond what a double holds exactly.
        const std::int64_t value = (std::int64_t{1} << 60) + ++count_;
        many ? reflection.AddInt64(&message, &field, value)
             : reflection.SetInt64(&message, &field, value);
        break;
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const int last = field.enum_type()->value_count() - 1;
        const auto* value = field.enum_type()->value(1 + ++count_ % last);
        many ? reflection.AddEnum(&message, &field, value)
             : reflection.SetEnum(&message, &field, value);
        break;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        // A tree, such as that of conditions, is filled two levels deep.
        if (field.message_type() == field.containing_type() && ++depth_ > 1) {
          --depth_;
          break;
        }
        Fill(many ? *reflection.AddMessage(&message, &field)
                  : *reflection.MutableMessage(&message, &field));
        if (field.message_type() == field.containing_type()) --depth_;
        break;
      default:
        FAIL() << field.full_name() << ": teach the filler this type";
    }
  }

  int count_ = 0;
  int depth_ = 0;  // in a message that has itself as a field
};

template <class Noun, class Proto>
void ExpectEveryFieldSurvives() {
  Proto sent;
  Filler().Fill(sent);
  const auto noun = FromProto<Noun>(sent);
  ASSERT_THAT(noun, IsOk());
  Proto received;
  ASSERT_THAT(ToProto(*noun, received), IsOk());
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(sent, received)) << difference;
}

template <class Noun, class Proto>
void ExpectNothingComesFromNothing() {
  const auto noun = FromProto<Noun>(Proto());
  ASSERT_THAT(noun, IsOk());
  Proto received;
  ASSERT_THAT(ToProto(*noun, received), IsOk());
  EXPECT_EQ(received.ByteSizeLong(), 0u) << received.DebugString();
}

template <class Noun, class Proto>
struct Pair {
  static void Check() {
    ExpectEveryFieldSurvives<Noun, Proto>();
    ExpectNothingComesFromNothing<Noun, Proto>();
  }
};

template <class Pair>
class RoundTripTest : public ::testing::Test {};
using Pairs =
    ::testing::Types<Pair<Attribute, v1::Attribute>, Pair<Campaign, v1::Campaign>,
                     Pair<CatalogExperiment, v1::CatalogExperiment>, Pair<Event, v1::Event>,
                     Pair<Experiment, v1::Experiment>, Pair<Hypothesis, v1::Hypothesis>,
                     Pair<Insight, v1::Insight>, Pair<Layer, v1::Layer>, Pair<Metric, v1::Metric>,
                     Pair<Planning, v1::PlanExperimentResponse>, Pair<Programme, v1::Programme>,
                     Pair<Segment, v1::Segment>, Pair<UnitType, v1::UnitType>,
                     Pair<Verdict, v1::Verdict>>;
TYPED_TEST_SUITE(RoundTripTest, Pairs);

TYPED_TEST(RoundTripTest, KeepsEveryField) { TypeParam::Check(); }

// Extremes, of which JSON libraries are known to lose some.
TEST(ConvertTest, KeepsNumbersToTheLastBit) {
  for (const double number : {0.1, 1e22, 1e-300, 5e-324, 1.7976931348623157e308, -0.3, 123456789.0,
                              9007199254740993.0, 12345678901234567890.0}) {
    v1::Event sent;
    sent.set_resolution(number);
    sent.set_minimum(-number);
    const auto noun = FromProto<Event>(sent);
    ASSERT_THAT(noun, IsOk()) << number;
    EXPECT_EQ(noun->resolution, number);
    EXPECT_EQ(noun->minimum, -number);
    v1::Event received;
    ASSERT_THAT(ToProto(*noun, received), IsOk());
    EXPECT_EQ(received.resolution(), number);
    EXPECT_EQ(received.minimum(), -number);
  }
}

TEST(ConvertTest, KeepsThatAnOptionalNumberIsZeroOrAbsent) {
  v1::Event sent;
  sent.set_minimum(0);
  const auto noun = FromProto<Event>(sent);
  ASSERT_THAT(noun, IsOk());
  EXPECT_EQ(noun->minimum, 0.0);
  EXPECT_EQ(noun->maximum, std::nullopt);
  v1::Event received;
  ASSERT_THAT(ToProto(*noun, received), IsOk());
  EXPECT_TRUE(received.has_minimum());
  EXPECT_FALSE(received.has_maximum());
}

TEST(ConvertTest, KeepsEitherSideOfAChoice) {
  v1::Metric sent;  // the filled one above has the other sides
  sent.mutable_cap()->set_value(12.5);
  sent.mutable_covariate()->mutable_history()->set_seconds(86'400);
  const auto metric = FromProto<Metric>(sent);
  ASSERT_THAT(metric, IsOk());
  EXPECT_FALSE(metric->cap->percentile.has_value());
  v1::Metric received;
  ASSERT_THAT(ToProto(*metric, received), IsOk());
  EXPECT_EQ(received.cap().value(), 12.5);
  EXPECT_EQ(received.covariate().history().seconds(), 86'400);
}

TEST(ConvertTest, KeepsTimesOfAllYears) {
  // 0001-01-01, 0999-12-31T23:59:59, 1969-12-31T23:59:59.5, 9999-12-31T23:59:59.999999.
  const std::pair<std::int64_t, std::int32_t> times[] = {{-62'135'596'800, 0},
                                                         {-30'610'224'001, 0},
                                                         {-1, 500'000'000},
                                                         {253'402'300'799, 999'999'000}};
  for (const auto& [seconds, nanos] : times) {
    v1::Insight sent;
    auto* time = sent.add_evidence()->mutable_observe_time();
    time->set_seconds(seconds);
    time->set_nanos(nanos);
    const auto noun = FromProto<Insight>(sent);
    ASSERT_THAT(noun, IsOk()) << seconds;
    EXPECT_EQ(noun->evidence[0].observe_time.micros, seconds * 1'000'000 + nanos / 1000);
    v1::Insight received;
    ASSERT_THAT(ToProto(*noun, received), IsOk()) << seconds;
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(sent, received))
        << received.DebugString();
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
        TimeToProto(noun->evidence[0].observe_time), *time));
  }
}

void ExpectViolation(const absl::Status& status, std::string_view reason, std::string_view field,
                     std::string_view part) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  const ErrorDetails details = DetailsOf(status);
  EXPECT_EQ(details.reason, reason) << status;
  EXPECT_THAT(
      details.violations,
      ElementsAre(AllOf(Field(&FieldViolation::field, std::string(field)),
                        Field(&FieldViolation::description, HasSubstr(std::string(part))))));
}

TEST(ConvertTest, RefusesNumbersThatAreNotFiniteWhereverTheyAre) {
  for (const double bad : {kNan, kInfinity, -kInfinity}) {
    v1::Insight insight;
    insight.add_evidence();
    insight.add_evidence()->set_figure(bad);
    ExpectViolation(FromProto<Insight>(insight).status(), "NOT_FINITE", "evidence[1].figure",
                    "send a finite one");
    v1::Hypothesis hypothesis;
    hypothesis.mutable_smallest_effect()->set_value(bad);
    ExpectViolation(FromProto<Hypothesis>(hypothesis).status(), "NOT_FINITE",
                    "smallest_effect.value", "is not finite");
    v1::Segment segment;
    segment.add_conditions()->mutable_equals()->set_number_value(bad);
    ExpectViolation(FromProto<Segment>(segment).status(), "NOT_FINITE", "conditions[0].equals",
                    "is not finite");
  }
}

TEST(ConvertTest, RefusesTimesOutOfRange) {
  for (const auto& [seconds, nanos] : {std::pair<std::int64_t, int>{253'402'300'800, 0},
                                       {-62'135'596'801, 0},
                                       {0, -1},
                                       {0, 1'000'000'000},
                                       {std::numeric_limits<std::int64_t>::max(), 0}}) {
    v1::Insight insight;
    auto* time = insight.add_evidence()->mutable_observe_time();
    time->set_seconds(seconds);
    time->set_nanos(nanos);
    ExpectViolation(FromProto<Insight>(insight).status(), "INVALID_TIME",
                    "evidence[0].observe_time", "years 1 to 9999");
  }
}

TEST(ConvertTest, RefusesDurationsOutOfRange) {
  for (const auto& [seconds, nanos] :
       {std::pair<std::int64_t, int>{315'576'000'001, 0}, {1, -1}, {-1, 1}, {0, 1'000'000'000}}) {
    v1::Metric metric;
    metric.mutable_window()->mutable_length()->set_seconds(seconds);
    metric.mutable_window()->mutable_length()->set_nanos(nanos);
    ExpectViolation(FromProto<Metric>(metric).status(), "INVALID_DURATION", "window.length",
                    "same sign");
  }
}

TEST(ConvertTest, RefusesEnumNumbersWithoutAName) {
  v1::Metric metric;
  metric.set_kind(static_cast<v1::Metric::Kind>(99));
  ExpectViolation(FromProto<Metric>(metric).status(), "UNKNOWN_ENUM_VALUE", "kind",
                  "known are PROPORTION, COUNT");
}

TEST(ConvertTest, RefusesValuesThatAreNoStringNumberOrBoolean) {
  Value null;
  null.set_null_value(google::protobuf::NULL_VALUE);
  Value list;
  list.mutable_list_value()->add_values()->set_number_value(1);
  Value object;
  (*object.mutable_struct_value()->mutable_fields())["a"].set_number_value(kNan);
  for (const Value& bad : {Value(), null, list, object}) {
    v1::Segment segment;
    *segment.add_conditions()->mutable_equals() = bad;
    ExpectViolation(FromProto<Segment>(segment).status(), "UNSUPPORTED_VALUE",
                    "conditions[0].equals", "no string, number or boolean");
    ValueMap values;
    values["age"] = bad;
    AttributeMap attributes;
    const auto fault = AttributesFromProto(values, attributes);
    ASSERT_TRUE(fault.has_value());
    EXPECT_EQ(fault->reason, "UNSUPPORTED_VALUE");
    EXPECT_EQ(fault->field, "attributes.age");
  }
}

TEST(ConvertTest, TellsAllViolationsAtOnce) {
  v1::Event event;
  event.set_minimum(kNan);
  event.set_maximum(kInfinity);
  EXPECT_EQ(DetailsOf(FromProto<Event>(event).status()).violations.size(), 2u);
}

TEST(ConvertTest, TakesAttributesOfAllThreeTypes) {
  ValueMap values;
  values["country"].set_string_value("VN");
  values["age"].set_number_value(41.5);
  values["member"].set_bool_value(false);
  AttributeMap attributes;
  EXPECT_FALSE(AttributesFromProto(values, attributes).has_value());
  EXPECT_EQ(attributes,
            (AttributeMap{{"age", 41.5}, {"country", std::string("VN")}, {"member", false}}));
}

TEST(ConvertTest, TakesExposures) {
  v1::Exposure row;
  row.set_experiment("experiments/spring");
  row.set_unit_id("42");
  row.set_variant("blue");
  row.mutable_occur_time()->set_seconds(5);
  row.mutable_occur_time()->set_nanos(6'999);
  (*row.mutable_attributes())["age"].set_number_value(3);
  row.set_epoch(2);
  row.set_overridden(true);
  row.set_unit_type("unitTypes/device");
  SubmittedExposure exposure;
  ASSERT_FALSE(ExposureFromProto(row, exposure).has_value());
  EXPECT_EQ(exposure.experiment, "experiments/spring");
  EXPECT_EQ(exposure.unit_id, "42");
  EXPECT_EQ(exposure.variant, "blue");
  EXPECT_EQ(exposure.occur_time, Time{5'000'006});
  EXPECT_EQ(exposure.attributes, (AttributeMap{{"age", 3.0}}));
  EXPECT_EQ(exposure.epoch, 2);
  EXPECT_TRUE(exposure.overridden);
  EXPECT_EQ(exposure.unit_type, "unitTypes/device");
}

TEST(ConvertTest, TakesOutcomes) {
  v1::Outcome row;
  row.set_outcome_id("o-1");
  row.set_unit_type("unitTypes/device");
  row.set_unit_id("42");
  row.set_event("events/purchase");
  row.set_value(12.5);
  row.set_channel("c");
  row.set_touchpoint("t");
  row.set_source("s");
  row.set_response_id("r");
  row.set_comment("co");
  row.set_item("i");
  row.set_category("ca");
  SubmittedOutcome outcome;
  ASSERT_FALSE(OutcomeFromProto(row, outcome).has_value());
  EXPECT_EQ(outcome.outcome_id, "o-1");
  EXPECT_EQ(outcome.unit.unit_type, "unitTypes/device");
  EXPECT_EQ(outcome.unit.unit_id, "42");
  EXPECT_EQ(outcome.event, "events/purchase");
  EXPECT_EQ(outcome.occur_time, Time{});
  EXPECT_EQ(std::get<double>(outcome.answer), 12.5);
  EXPECT_EQ(outcome.context.channel, "c");
  EXPECT_EQ(outcome.context.touchpoint, "t");
  EXPECT_EQ(outcome.context.source, "s");
  EXPECT_EQ(outcome.context.response_id, "r");
  EXPECT_EQ(outcome.context.comment, "co");
  EXPECT_EQ(outcome.context.item, "i");
  EXPECT_EQ(outcome.context.category, "ca");
}

TEST(ConvertTest, TakesAnswersOfAllKinds) {
  const auto answer_of = [](const v1::Outcome& row) {
    SubmittedOutcome outcome;
    EXPECT_FALSE(OutcomeFromProto(row, outcome).has_value());
    return outcome.answer.index();
  };
  v1::Outcome row;
  EXPECT_EQ(answer_of(row), 0u);
  row.set_value(0);
  EXPECT_EQ(answer_of(row), 1u);
  row.set_asked(true);
  EXPECT_EQ(answer_of(row), 2u);
  row.set_dismissed(true);
  EXPECT_EQ(answer_of(row), 3u);
  row.set_dismissed(false);  // says nothing
  EXPECT_EQ(answer_of(row), 0u);
}

TEST(ConvertTest, FaultsFactsOfImpossibleTimes) {
  v1::Outcome outcome_row;
  outcome_row.mutable_occur_time()->set_nanos(-1);
  SubmittedOutcome outcome;
  const auto outcome_fault = OutcomeFromProto(outcome_row, outcome);
  ASSERT_TRUE(outcome_fault.has_value());
  EXPECT_EQ(outcome_fault->reason, "INVALID_TIME");
  EXPECT_EQ(outcome_fault->field, "occur_time");
  EXPECT_THAT(outcome_fault->detail, HasSubstr("nanos: -1"));

  v1::Exposure exposure_row;
  exposure_row.mutable_occur_time()->set_seconds(std::numeric_limits<std::int64_t>::max());
  SubmittedExposure exposure;
  EXPECT_TRUE(ExposureFromProto(exposure_row, exposure).has_value());
}

TEST(ConvertTest, NumbersFatesAsTheContractDoes) {
  for (const auto& [fate, expected] : {std::pair{Fate::kAccepted, v1::RowFate::ACCEPTED},
                                       {Fate::kDuplicate, v1::RowFate::DUPLICATE},
                                       {Fate::kLate, v1::RowFate::LATE},
                                       {Fate::kRejected, v1::RowFate::REJECTED}}) {
    v1::RowFate row;
    FateToProto({.fate = fate}, row);
    EXPECT_EQ(row.fate(), expected);
    EXPECT_EQ(row.reason(), "");
  }
}

TEST(ConvertTest, ARejectedRowsFateSaysWhatIsWrong) {
  v1::RowFate row;
  FateToProto(Rejected({.reason = "REASON", .field = "field", .detail = "detail"}), row);
  EXPECT_EQ(row.fate(), v1::RowFate::REJECTED);
  EXPECT_EQ(row.reason(), "REASON");
  EXPECT_EQ(row.field(), "field");
  EXPECT_EQ(row.detail(), "detail");
}

}  // namespace
}  // namespace insightloop::api
