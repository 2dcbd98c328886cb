// SPDX-License-Identifier: Apache-2.0

#include "clients/demo/behaviour.h"

#include <cmath>

#include "clients/demo/story.h"

namespace insightloop::demo {
namespace {

constexpr Behaviour kInNewsletter = {
    .clicked = 0.09,
    .new_bought = 0.09,
    .loyal_bought = 0.14,
    .haste = 1,
    .price_factor = 1,
    .csat = {0.05, 0.10, 0.20, 0.40, 0.25},
    .nps = {0.01, 0.01, 0.02, 0.03, 0.04, 0.07, 0.08, 0.16, 0.20, 0.22, 0.16},
    .unsubscribed = 0.010,
};

// Reminds those who would have forgotten: most of them new customers, who have no habit yet.
constexpr Behaviour kInReminder = {
    .clicked = 0.17,
    .new_bought = 0.14,
    .loyal_bought = 0.168,
    .haste = 1,
    .price_factor = 1,
    .csat = {0.03, 0.07, 0.17, 0.41, 0.32},
    .nps = {0.01, 0.01, 0.01, 0.02, 0.03, 0.06, 0.07, 0.15, 0.21, 0.24, 0.19},
    .unsubscribed = 0.008,
};

// Is clicked, and brings orders forward, but hardly anybody buys who would not have bought.
constexpr Behaviour kInCoupon = {
    .clicked = 0.15,
    .new_bought = 0.092,
    .loyal_bought = 0.142,
    .haste = 3,
    .price_factor = 0.9,
    .csat = {0.05, 0.10, 0.20, 0.40, 0.25},
    .nps = {0.01, 0.01, 0.02, 0.03, 0.05, 0.07, 0.08, 0.16, 0.20, 0.21, 0.16},
    .unsubscribed = 0.012,
};

// Share of buyers among the customers of a result's segment; of all, if that is empty.
double Bought(const Behaviour& behaviour, double loyal_share) {
  return loyal_share * behaviour.loyal_bought + (1 - loyal_share) * behaviour.new_bought;
}

double MeanBasket(const Behaviour& behaviour) {
  double mean = 0;
  for (const Basket& basket : kBaskets) mean += basket.probability * PriceOf(basket, behaviour);
  return mean;
}

double MeanCsat(const Behaviour& behaviour) {
  double mean = 0;
  for (std::size_t i = 0; i < behaviour.csat.size(); ++i) {
    mean += static_cast<double>(i + 1) * behaviour.csat[i];
  }
  return mean;
}

double NetPromoterScore(const Behaviour& behaviour) {
  double score = 0;
  for (std::size_t i = 0; i < behaviour.nps.size(); ++i) {
    if (i >= 9) score += 100 * behaviour.nps[i];
    if (i <= 6) score -= 100 * behaviour.nps[i];
  }
  return score;
}

// The share of loyal customers in a result's segment; nothing for a segment of another attribute.
std::optional<double> LoyalShareIn(const std::string& segment) {
  if (segment.empty()) return kLoyalShare;
  if (segment == std::string(kCustomerKind) + "=" + kLoyalKind) return 1;
  if (segment == std::string(kCustomerKind) + "=" + kNewKind) return 0;
  return std::nullopt;
}

// The true value of a metric's statistic; only buying depends on the kind of customer.
std::optional<double> TrueValue(const std::string& metric, v1::Result::Statistic statistic,
                                const Behaviour& behaviour, double loyal_share) {
  if (metric == kBoughtAgain) return Bought(behaviour, loyal_share);
  if (metric == kRevenue) return Bought(behaviour, loyal_share) * MeanBasket(behaviour);
  if (metric == kClicked) return behaviour.clicked;
  if (metric == kUnsubscribed) return behaviour.unsubscribed;
  if (metric == kNps) return NetPromoterScore(behaviour);
  if (metric != kCsat) return std::nullopt;
  if (statistic == v1::Result::MEAN_SCORE) return MeanCsat(behaviour);
  return behaviour.csat[3] + behaviour.csat[4];
}

}  // namespace

const Behaviour& BehaviourIn(const std::string& variant) {
  if (variant == kReminder) return kInReminder;
  return variant == kCoupon ? kInCoupon : kInNewsletter;
}

double PriceOf(const Basket& basket, const Behaviour& behaviour) {
  return std::round(100 * basket.price * behaviour.price_factor) / 100;
}

std::optional<double> TrueEffect(const v1::Result& result) {
  const std::optional<double> share = LoyalShareIn(result.segment());
  if (!share.has_value()) return std::nullopt;
  const auto treatment =
      TrueValue(result.metric(), result.statistic(), BehaviourIn(result.variant()), *share);
  const auto control =
      TrueValue(result.metric(), result.statistic(), BehaviourIn(result.control()), *share);
  if (!treatment.has_value() || !control.has_value()) return std::nullopt;
  return *treatment - *control;
}

}  // namespace insightloop::demo
