// SPDX-License-Identifier: Apache-2.0
//
// The story as the contract's messages: what a coffee roaster's web store believes about its
// customers, what it wants to try, and how it will judge. All of it is fixed text; nothing is
// random.

#ifndef INSIGHTLOOP_CLIENTS_DEMO_STORY_H_
#define INSIGHTLOOP_CLIENTS_DEMO_STORY_H_

#include <vector>

#include "insightloop/v1/attribute.pb.h"
#include "insightloop/v1/event.pb.h"
#include "insightloop/v1/experiment.pb.h"
#include "insightloop/v1/hypothesis.pb.h"
#include "insightloop/v1/insight.pb.h"
#include "insightloop/v1/layer.pb.h"
#include "insightloop/v1/metric.pb.h"
#include "insightloop/v1/segment.pb.h"

namespace insightloop::demo {

// Resources.
inline constexpr char kExperiment[] = "experiments/refill-reminder";
inline constexpr char kInsight[] = "insights/empty-tin";

// Ids of attributes, as `Assign` and exposures name them, and the values of the kind.
inline constexpr char kConsent[] = "mail-consent";
inline constexpr char kCustomerKind[] = "customer-kind";
inline constexpr char kNewKind[] = "new";
inline constexpr char kLoyalKind[] = "loyal";

// Events.
inline constexpr char kEmailClick[] = "events/email-click";
inline constexpr char kPurchase[] = "events/purchase";
inline constexpr char kCsatAnswer[] = "events/csat";
inline constexpr char kNpsAnswer[] = "events/nps";
inline constexpr char kUnsubscribe[] = "events/unsubscribe";

// Metrics.
inline constexpr char kBoughtAgain[] = "metrics/bought-again";
inline constexpr char kClicked[] = "metrics/clicked";
inline constexpr char kRevenue[] = "metrics/revenue";
inline constexpr char kCsat[] = "metrics/csat";
inline constexpr char kNps[] = "metrics/nps";
inline constexpr char kUnsubscribed[] = "metrics/unsubscribed";

// Variants; the newsletter is the control.
inline constexpr char kNewsletter[] = "newsletter";
inline constexpr char kReminder[] = "reminder";
inline constexpr char kCoupon[] = "coupon";

// In the order in which they can be created: each names only what stands above it.
std::vector<v1::CreateAttributeRequest> Attributes();
v1::CreateSegmentRequest MailSegment();
v1::CreateInsightRequest EmptyTinInsight();
std::vector<v1::CreateEventRequest> Events();
std::vector<v1::CreateMetricRequest> Metrics();
v1::CreateLayerRequest MailLayer();
v1::CreateHypothesisRequest ReminderHypothesis();
v1::CreateExperimentRequest ReminderExperiment();

}  // namespace insightloop::demo

#endif  // INSIGHTLOOP_CLIENTS_DEMO_STORY_H_
