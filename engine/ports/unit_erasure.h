// SPDX-License-Identifier: Apache-2.0
//
// What whoever stores facts must know to erase who a unit was. `Measurement` makes it and a
// `ResourceStore` carries it out; to those between them its numbers mean nothing.

#ifndef INSIGHTLOOP_ENGINE_PORTS_UNIT_ERASURE_H_
#define INSIGHTLOOP_ENGINE_PORTS_UNIT_ERASURE_H_

#include <cstdint>
#include <functional>

#include "absl/numeric/int128.h"
#include "engine/domain/facts.h"
#include "engine/ports/fact_log.h"

namespace insightloop {

struct UnitErasure {
  UnitKey unit;
  std::int64_t number = 0;        // of the unit; 0: no fact names it
  std::int64_t last_outcome = 0;  // id; 0: it has none
  // The key from now on of an outcome of the unit that still has its outcome_id: a hash that no
  // longer depends on the unit's number, so that the outcome is recognised when it is sent again.
  // Called once for each, with its id, event, outcome_id, occur_time, kind and value.
  std::function<absl::uint128(const OutcomeRow&)> key_of;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_PORTS_UNIT_ERASURE_H_
