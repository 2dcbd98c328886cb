// SPDX-License-Identifier: Apache-2.0
//
// The truth that the demo plants: how customers behave in each arm, and what follows from it for
// every metric. The server never sees this; its estimates are laid beside it at the end.

#ifndef INSIGHTLOOP_CLIENTS_DEMO_BEHAVIOUR_H_
#define INSIGHTLOOP_CLIENTS_DEMO_BEHAVIOUR_H_

#include <array>
#include <optional>
#include <string>

#include "insightloop/v1/verdict.pb.h"

namespace insightloop::demo {

// One basket that customers buy.
struct Basket {
  const char* item;
  double price;        // EUR, before discounts
  double probability;  // among buyers
};
inline constexpr std::array<Basket, 4> kBaskets = {{{"house-blend-250g", 8.90, 0.30},
                                                    {"house-blend-500g", 15.90, 0.40},
                                                    {"house-blend-1kg", 28.90, 0.22},
                                                    {"tasting-box", 44.70, 0.08}}};

inline constexpr double kLoyalShare = 0.6;
inline constexpr double kConsentShare = 0.92;
inline constexpr double kDeliveredShare = 0.96;  // mails that reach a mailbox
inline constexpr double kCsatResponse = 0.40;    // answers among those asked, the same in every arm
inline constexpr double kNpsResponse = 0.25;

// How customers of one arm behave.
struct Behaviour {
  double clicked;                   // probability of a click on the mail
  double new_bought, loyal_bought;  // probability of an order within 14 days
  double haste;                     // 1: orders spread evenly; above: most come early
  double price_factor;              // what they pay of a basket's price
  std::array<double, 5> csat;       // probabilities of the answers 1 to 5
  std::array<double, 11> nps;       // probabilities of the answers 0 to 10
  double unsubscribed;              // probability of wanting no more mail
};

// The behaviour in that variant. Customers outside the experiment behave as those of the
// newsletter.
const Behaviour& BehaviourIn(const std::string& variant);

// What a basket costs in that arm, in whole cents.
double PriceOf(const Basket& basket, const Behaviour& behaviour);

// The true effect that the result estimates: its variant less its control on its metric, statistic
// and segment. Nothing where the truth is not stated.
std::optional<double> TrueEffect(const v1::Result& result);

}  // namespace insightloop::demo

#endif  // INSIGHTLOOP_CLIENTS_DEMO_BEHAVIOUR_H_
