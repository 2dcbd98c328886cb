// SPDX-License-Identifier: Apache-2.0

#include "clients/demo/story.h"

#include <cstdint>
#include <string>

namespace insightloop::demo {
namespace {

constexpr char kHypothesisId[] = "refill-reminder";
constexpr char kSegmentId[] = "mail-customers";
constexpr char kLayerId[] = "mail";
constexpr std::int64_t kDay = 86'400;                 // seconds
constexpr std::int64_t kObserveTime = 1'771'804'800;  // 2026-02-23, the week before

// "metrics/csat" -> "csat".
std::string IdOf(const std::string& name) { return name.substr(name.find('/') + 1); }

std::string AttributeName(const std::string& id) { return "attributes/" + id; }

v1::CreateAttributeRequest MakeAttribute(const char* id, v1::Attribute::ValueType type,
                                         const char* description) {
  v1::CreateAttributeRequest request;
  request.set_attribute_id(id);
  request.mutable_attribute()->set_value_type(type);
  request.mutable_attribute()->set_description(description);
  return request;
}

v1::CreateEventRequest MakeEvent(const char* name, v1::Event::ValueKind kind,
                                 const char* description) {
  v1::CreateEventRequest request;
  request.set_event_id(IdOf(name));
  request.mutable_event()->set_value_kind(kind);
  request.mutable_event()->set_description(description);
  return request;
}

v1::CreateEventRequest MakeScore(const char* name, double minimum, double maximum,
                                 const char* description) {
  v1::CreateEventRequest request = MakeEvent(name, v1::Event::SCORE, description);
  request.mutable_event()->set_minimum(minimum);
  request.mutable_event()->set_maximum(maximum);
  return request;
}

v1::CreateMetricRequest MakeMetric(const char* name, v1::Metric::Kind kind, const char* event,
                                   std::int64_t days, const char* description) {
  v1::CreateMetricRequest request;
  request.set_metric_id(IdOf(name));
  v1::Metric& metric = *request.mutable_metric();
  metric.set_kind(kind);
  metric.set_event(event);
  metric.mutable_window()->mutable_length()->set_seconds(days * kDay);
  metric.set_desired_direction(v1::INCREASE);
  metric.set_description(description);
  return request;
}

void AddEvidence(v1::Insight& insight, v1::Evidence::SourceSystem source,
                 v1::Evidence::DataType type, v1::Evidence::Touchpoint touchpoint,
                 std::int64_t sample_size, const char* finding) {
  v1::Evidence& evidence = *insight.add_evidence();
  evidence.set_source_system(source);
  evidence.set_data_type(type);
  evidence.set_touchpoint(touchpoint);
  evidence.set_sample_size(sample_size);
  evidence.set_finding(finding);
  evidence.mutable_observe_time()->set_seconds(kObserveTime);
}

// The figure of the piece of evidence added last.
void SetFigure(v1::Insight& insight, const char* metric, double figure) {
  v1::Evidence& evidence = *insight.mutable_evidence(insight.evidence_size() - 1);
  evidence.set_metric(metric);
  evidence.set_figure(figure);
}

void AddAllEvidence(v1::Insight& insight) {
  AddEvidence(insight, v1::Evidence::WEB_ANALYTICS, v1::Evidence::BEHAVIOURAL,
              v1::Evidence::DIGITAL, 41'200,
              "Whoever comes back does so 19 days after the last order (median). After day 24 "
              "hardly anybody does.");
  SetFigure(insight, "days between two orders", 19);
  AddEvidence(insight, v1::Evidence::CRM, v1::Evidence::DEMOGRAPHIC, v1::Evidence::DIGITAL, 28'650,
              "Two thirds order for a household of two, which empties a bag of 500 g in 17 days.");
  SetFigure(insight, "days that 500 g last", 17);
  AddEvidence(insight, v1::Evidence::SURVEY, v1::Evidence::ATTITUDINAL, v1::Evidence::AFTER_SALES,
              1'150, "\"I had simply run out\" is why 44 % bought their last coffee elsewhere.");
  SetFigure(insight, "share who had run out", 0.44);
  AddEvidence(insight, v1::Evidence::CUSTOMER_CARE, v1::Evidence::ATTITUDINAL, v1::Evidence::DIRECT,
              23, "\"I only think of you when the tin is empty, and then I need coffee today.\"");
  AddEvidence(insight, v1::Evidence::EMAIL, v1::Evidence::ENGAGEMENT, v1::Evidence::DIGITAL, 18'900,
              "A mail that arrives just before the tin is empty is clicked twice as often.");
  SetFigure(insight, "ratio of click rates", 2);
}

void AddVariant(v1::Experiment& experiment, const char* id, bool control, const char* description) {
  v1::Variant& variant = *experiment.add_variants();
  variant.set_variant_id(id);
  variant.set_control(control);
  variant.set_weight(1);
  variant.set_description(description);
}

void SetConsentCondition(v1::Condition& condition) {
  condition.set_attribute(AttributeName(kConsent));
  condition.mutable_equals()->set_bool_value(true);
}

}  // namespace

std::vector<v1::CreateAttributeRequest> Attributes() {
  return {MakeAttribute(kConsent, v1::Attribute::BOOLEAN, "Agreed to receive mail from us."),
          MakeAttribute(kCustomerKind, v1::Attribute::STRING,
                        "new: one order so far; loyal: two or more.")};
}

v1::CreateSegmentRequest MailSegment() {
  v1::CreateSegmentRequest request;
  request.set_segment_id(kSegmentId);
  request.mutable_segment()->set_description("Customers who agreed to receive mail.");
  SetConsentCondition(*request.mutable_segment()->add_conditions());
  return request;
}

v1::CreateInsightRequest EmptyTinInsight() {
  v1::CreateInsightRequest request;
  request.set_insight_id(IdOf(kInsight));
  v1::Insight& insight = *request.mutable_insight();
  insight.set_statement("Customers do not leave us for better coffee: they run out of ours.");
  insight.set_why(
      "Nobody plans to buy coffee. The need is felt on the morning the tin is empty, and then the "
      "nearest shop wins, because ordering takes two days and our newsletter came at another "
      "time.");
  insight.set_who("Households that order beans every two to three weeks");
  insight.set_what("Buy the next bag in a supermarket although they prefer ours");
  insight.set_when("On the day the tin is empty, about 17 days after an order");
  insight.set_where("At home in the morning; the purchase then happens around the corner");
  insight.set_how("Without comparing: they take what is there");
  insight.set_segment(std::string("segments/") + kSegmentId);
  insight.set_behaviour("Reorder a few days before the tin is empty");
  insight.set_customer_benefit("Never a morning without the coffee they like");
  insight.set_business_benefit("More second orders, without paying for them with discounts");
  AddAllEvidence(insight);
  return request;
}

std::vector<v1::CreateEventRequest> Events() {
  v1::CreateEventRequest purchase =
      MakeEvent(kPurchase, v1::Event::MONEY, "An order paid in the web store, less discounts.");
  purchase.mutable_event()->set_currency("EUR");
  return {MakeEvent(kEmailClick, v1::Event::NONE, "A click on the mail's main link."),
          std::move(purchase),
          MakeScore(kCsatAnswer, 1, 5, "\"How satisfied are you with this order?\" 1 to 5."),
          MakeScore(kNpsAnswer, 0, 10, "\"Would you recommend us to a friend?\" 0 to 10."),
          MakeEvent(kUnsubscribe, v1::Event::NONE, "The customer wants no more mail.")};
}

std::vector<v1::CreateMetricRequest> Metrics() {
  v1::CreateMetricRequest unsubscribed =
      MakeMetric(kUnsubscribed, v1::Metric::PROPORTION, kUnsubscribe, 14, "Wanted no more mail.");
  unsubscribed.mutable_metric()->set_desired_direction(v1::DECREASE);
  return {MakeMetric(kBoughtAgain, v1::Metric::PROPORTION, kPurchase, 14,
                     "Bought again within 14 days of the mail."),
          MakeMetric(kClicked, v1::Metric::PROPORTION, kEmailClick, 7, "Clicked on the mail."),
          MakeMetric(kRevenue, v1::Metric::MEAN, kPurchase, 14,
                     "Revenue per customer; who buys nothing counts as 0."),
          MakeMetric(kCsat, v1::Metric::CSAT, kCsatAnswer, 14, "Satisfied with the order."),
          MakeMetric(kNps, v1::Metric::NPS, kNpsAnswer, 14, "Would recommend us."),
          std::move(unsubscribed)};
}

v1::CreateLayerRequest MailLayer() {
  v1::CreateLayerRequest request;
  request.set_layer_id(kLayerId);
  request.mutable_layer()->set_description("Experiments on what our mails say and when.");
  return request;
}

v1::CreateHypothesisRequest ReminderHypothesis() {
  v1::CreateHypothesisRequest request;
  request.set_hypothesis_id(kHypothesisId);
  v1::Hypothesis& hypothesis = *request.mutable_hypothesis();
  hypothesis.add_insights(kInsight);
  hypothesis.set_because("customers run out of our coffee before they think of ordering it");
  hypothesis.set_if_action("we write just before the tin is empty, or offer them a coupon");
  hypothesis.set_then_outcome("more of them buy again within 14 days");
  hypothesis.set_segment(std::string("segments/") + kSegmentId);
  hypothesis.set_primary_metric(kBoughtAgain);
  hypothesis.set_predicted_direction(v1::INCREASE);
  hypothesis.mutable_smallest_effect()->set_value(0.10);
  hypothesis.mutable_smallest_effect()->set_scale(v1::EffectSize::RELATIVE);
  hypothesis.set_mechanism_metric(kClicked);
  v1::Guardrail& guardrail = *hypothesis.add_guardrails();
  guardrail.set_metric(kUnsubscribed);
  guardrail.mutable_margin()->set_value(0.01);
  guardrail.mutable_margin()->set_scale(v1::EffectSize::ABSOLUTE);
  hypothesis.set_author_probability(0.6);
  return request;
}

v1::CreateExperimentRequest ReminderExperiment() {
  v1::CreateExperimentRequest request;
  request.set_experiment_id(IdOf(kExperiment));
  v1::Experiment& experiment = *request.mutable_experiment();
  experiment.set_display_name("A mail before the tin is empty");
  experiment.set_hypothesis(std::string("hypotheses/") + kHypothesisId);
  experiment.set_layer(std::string("layers/") + kLayerId);
  experiment.set_slot_count(900);
  AddVariant(experiment, kNewsletter, true, "The weekly newsletter, as before.");
  AddVariant(experiment, kReminder, false,
             "A mail just before the tin is empty: the same coffee again with one click.");
  AddVariant(experiment, kCoupon, false, "The weekly newsletter with a coupon for 10 % off.");
  SetConsentCondition(*experiment.add_eligibility());
  v1::AnalysisPlan& plan = *experiment.mutable_plan();
  plan.set_method(v1::AnalysisPlan::FIXED_HORIZON);
  plan.set_alpha(0.05);
  plan.set_planned_units(20'000);
  plan.add_secondary_metrics(kRevenue);
  plan.add_secondary_metrics(kCsat);
  plan.add_secondary_metrics(kNps);
  plan.add_segment_attributes(AttributeName(kCustomerKind));
  return request;
}

}  // namespace insightloop::demo
