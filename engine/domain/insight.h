// SPDX-License-Identifier: Apache-2.0
//
// A *why* about customers, with its evidence. The fields are described in the contract,
// insight.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_INSIGHT_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_INSIGHT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/json.h"
#include "engine/domain/resource.h"
#include "engine/domain/time.h"

namespace insightloop {

// The system a piece of evidence comes from.
enum class SourceSystem {
  kSourceSystemUnspecified,
  kWebAnalytics,
  kSessionReplay,
  kSocial,
  kAds,
  kEmail,
  kSms,
  kApp,
  kCrm,
  kPos,
  kShop,
  kSurvey,
  kInterview,
  kChatbot,
  kCustomerCare,
  kMarketStudy,
  kExperiment
};

template <>
struct EnumNames<SourceSystem> {
  static constexpr std::string_view kNames[] = {"SOURCE_SYSTEM_UNSPECIFIED",
                                                "WEB_ANALYTICS",
                                                "SESSION_REPLAY",
                                                "SOCIAL",
                                                "ADS",
                                                "EMAIL",
                                                "SMS",
                                                "APP",
                                                "CRM",
                                                "POS",
                                                "SHOP",
                                                "SURVEY",
                                                "INTERVIEW",
                                                "CHATBOT",
                                                "CUSTOMER_CARE",
                                                "MARKET_STUDY",
                                                "EXPERIMENT"};
};

// What kind of data a piece of evidence is.
enum class DataType { kDataTypeUnspecified, kDemographic, kEngagement, kBehavioural, kAttitudinal };

template <>
struct EnumNames<DataType> {
  static constexpr std::string_view kNames[] = {"DATA_TYPE_UNSPECIFIED", "DEMOGRAPHIC",
                                                "ENGAGEMENT", "BEHAVIOURAL", "ATTITUDINAL"};
};

// Where customers were met.
enum class Touchpoint { kTouchpointUnspecified, kDirect, kDigital, kAfterSales };

template <>
struct EnumNames<Touchpoint> {
  static constexpr std::string_view kNames[] = {"TOUCHPOINT_UNSPECIFIED", "DIRECT", "DIGITAL",
                                                "AFTER_SALES"};
};

struct Evidence {
  SourceSystem source_system{};
  DataType data_type{};
  Touchpoint touchpoint{};
  std::string finding;
  std::string metric;
  std::optional<double> figure;
  std::int64_t sample_size = 0;
  std::optional<double> segment_share;
  Time observe_time;
  std::string link;
};

template <class V>
void Fields(V& v, Evidence& x) {
  v("source_system", x.source_system);
  v("data_type", x.data_type);
  v("touchpoint", x.touchpoint);
  v("finding", x.finding);
  v("metric", x.metric);
  v("figure", x.figure);
  v("sample_size", x.sample_size);
  v("segment_share", x.segment_share);
  v("observe_time", x.observe_time);
  v("link", x.link);
}

struct Insight {
  static constexpr std::string_view kCollection = "insights";
  ResourceMeta meta;
  std::string statement, why, who, what, when, where, how;
  std::string segment;
  std::string behaviour;
  std::vector<Evidence> evidence;
  std::string customer_benefit, business_benefit;
  std::vector<std::string> parents;
  std::string verdict;  // set by the server
};

template <class V>
void Fields(V& v, Insight& x) {
  MetaFields(v, x.meta);
  v("statement", x.statement);
  v("why", x.why);
  v("who", x.who);
  v("what", x.what);
  v("when", x.when);
  v("where", x.where);
  v("how", x.how);
  v("segment", x.segment);
  v("behaviour", x.behaviour);
  v("evidence", x.evidence);
  v("customer_benefit", x.customer_benefit);
  v("business_benefit", x.business_benefit);
  v("parents", x.parents);
  v("verdict", x.verdict);
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_INSIGHT_H_
