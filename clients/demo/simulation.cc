// SPDX-License-Identifier: Apache-2.0

#include "clients/demo/simulation.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>

#include "clients/demo/behaviour.h"
#include "clients/demo/story.h"

namespace insightloop::demo {
namespace {

constexpr std::int64_t kHour = 3'600;
constexpr double kDismissed = 0.10;  // of those who do not answer a survey: turn it down

// splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Bits() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  // In [0, 1): 53 bits.
  double Fraction() { return static_cast<double>(Bits() >> 11) * 0x1p-53; }
  bool Happens(double probability) { return Fraction() < probability; }
  // In [0, length).
  std::int64_t Within(std::int64_t length) {
    return static_cast<std::int64_t>(Fraction() * static_cast<double>(length));
  }

 private:
  std::uint64_t state_;
};

// The place in `probabilities` that a fraction falls on.
std::size_t Pick(std::span<const double> probabilities, double fraction) {
  for (std::size_t i = 0; i + 1 < probabilities.size(); ++i) {
    if (fraction < probabilities[i]) return i;
    fraction -= probabilities[i];
  }
  return probabilities.size() - 1;
}

const Basket& PickBasket(double fraction) {
  for (const Basket& basket : kBaskets) {
    if (fraction < basket.probability) return basket;
    fraction -= basket.probability;
  }
  return kBaskets.back();
}

v1::Outcome& AddOutcome(const Customer& customer, const char* event, const char* id,
                        std::int64_t time, Facts& facts) {
  v1::Outcome& outcome = facts.outcomes.emplace_back();
  outcome.set_unit_id(customer.unit_id);
  outcome.set_event(event);
  outcome.set_outcome_id(id);
  outcome.mutable_occur_time()->set_seconds(time);
  return outcome;
}

// A question that is put to the customer, and what becomes of it.
struct Survey {
  const char* event;
  std::int64_t ask_time;
  double response;
  std::int64_t longest_thought;  // seconds until an answer, at most
  std::span<const double> probabilities;
  int first_answer;  // of the scale
};

// Takes the same number of draws whatever happens, so that what is drawn later stays the same.
void Ask(const Customer& customer, const Survey& survey, Generator& draws, Facts& facts) {
  const bool answers = draws.Happens(survey.response);
  const bool dismisses = draws.Happens(kDismissed);
  const std::int64_t time = survey.ask_time + 60 + draws.Within(survey.longest_thought);
  const std::size_t answer = Pick(survey.probabilities, draws.Fraction());
  AddOutcome(customer, survey.event, "asked", survey.ask_time, facts).set_asked(true);
  if (answers) {
    AddOutcome(customer, survey.event, "answer", time, facts)
        .set_value(survey.first_answer + static_cast<double>(answer));
  } else if (dismisses) {
    AddOutcome(customer, survey.event, "answer", time, facts).set_dismissed(true);
  }
}

void BuyMaybe(const Customer& customer, bool exposed, const Behaviour& behaviour, Generator draws,
              Facts& facts) {
  const bool buys = draws.Happens(customer.loyal ? behaviour.loyal_bought : behaviour.new_bought);
  const double patience = std::pow(draws.Fraction(), behaviour.haste);
  const Basket& basket = PickBasket(draws.Fraction());
  if (!buys) return;
  // Early enough for the question about the order, and its answer, to fall into the 14 days.
  const auto delay = static_cast<std::int64_t>(patience * 12.5 * kSecondsPerDay);
  const std::int64_t time = customer.mail_time + kHour + delay;
  v1::Outcome& purchase = AddOutcome(customer, kPurchase, "order-1", time, facts);
  purchase.set_value(PriceOf(basket, behaviour));
  purchase.set_channel("web");
  purchase.set_source("shop");
  purchase.set_item(basket.item);
  if (!exposed) return;
  Ask(customer, {kCsatAnswer, time + 2 * kHour, kCsatResponse, 20 * kHour, behaviour.csat, 1},
      draws, facts);
}

void ReactToMail(const Customer& customer, const Behaviour& behaviour, Generator draws,
                 Facts& facts) {
  const bool clicks = draws.Happens(behaviour.clicked);
  const std::int64_t click_time = customer.mail_time + 60 + draws.Within(2 * kSecondsPerDay);
  if (clicks) {
    AddOutcome(customer, kEmailClick, "click-1", click_time, facts).set_channel("email");
  }
  const bool leaves = draws.Happens(behaviour.unsubscribed);
  const std::int64_t leave_time = customer.mail_time + 60 + draws.Within(5 * kSecondsPerDay);
  if (leaves) {
    AddOutcome(customer, kUnsubscribe, "unsubscribe-1", leave_time, facts).set_channel("email");
  }
}

void AddExposure(const Customer& customer, const std::string& variant, Facts& facts) {
  v1::Exposure& exposure = facts.exposures.emplace_back();
  exposure.set_experiment(kExperiment);
  exposure.set_unit_id(customer.unit_id);
  exposure.set_variant(variant);
  exposure.mutable_occur_time()->set_seconds(customer.mail_time);
  SetAttributes(customer, *exposure.mutable_attributes());
}

template <class Row>
void SortRows(std::vector<Row>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return a.occur_time().seconds() < b.occur_time().seconds();
  });
}

}  // namespace

std::vector<Customer> MakeCustomers(std::uint64_t seed, std::int64_t start) {
  Generator draws(seed);
  std::vector<Customer> customers(kCustomerCount);
  for (std::size_t i = 0; i < customers.size(); ++i) {
    char id[32];
    std::snprintf(id, sizeof id, "customer-%05zu", i + 1);
    customers[i].unit_id = id;
    customers[i].consent = draws.Happens(kConsentShare);
    customers[i].loyal = draws.Happens(kLoyalShare);
    customers[i].delivered = draws.Happens(kDeliveredShare);
    const std::int64_t day = draws.Within(kMailingDays);
    customers[i].mail_time = start + day * kSecondsPerDay + 60 + draws.Within(12 * kHour);
    customers[i].seed = draws.Bits();
  }
  return customers;
}

void SetAttributes(const Customer& customer, AttributeValues& attributes) {
  attributes[kConsent].set_bool_value(customer.consent);
  attributes[kCustomerKind].set_string_value(customer.loyal ? kLoyalKind : kNewKind);
}

void Live(const Customer& customer, const std::string& variant, Facts& facts) {
  const bool exposed = !variant.empty() && customer.delivered;
  const Behaviour& behaviour = BehaviourIn(exposed ? variant : std::string());
  // A stream of its own for each part of life, so that one does not shift the other's draws.
  Generator streams(customer.seed);
  const Generator buying(streams.Bits()), mail(streams.Bits());
  Generator opinion(streams.Bits());
  BuyMaybe(customer, exposed, behaviour, buying, facts);
  if (!exposed) return;
  AddExposure(customer, variant, facts);
  ReactToMail(customer, behaviour, mail, facts);
  Ask(customer,
      {kNpsAnswer, customer.mail_time + 8 * kSecondsPerDay, kNpsResponse, 2 * kSecondsPerDay,
       behaviour.nps, 0},
      opinion, facts);
}

void SortByTime(Facts& facts) {
  SortRows(facts.exposures);
  SortRows(facts.outcomes);
}

}  // namespace insightloop::demo
