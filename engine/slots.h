// SPDX-License-Identifier: Apache-2.0
//
// Who holds which of a layer's 1,000 slots: experiments, with those they gave up but keep reserved,
// and the layer's holdout. All are drawn at random, so that no experiment or holdout gets units of
// a special kind.

#ifndef INSIGHTLOOP_ENGINE_SLOTS_H_
#define INSIGHTLOOP_ENGINE_SLOTS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "engine/domain/experiment.h"
#include "engine/domain/layer.h"
#include "engine/domain/programme.h"
#include "engine/ports/random.h"
#include "engine/ports/resource_store.h"

namespace insightloop {

// Gives the experiment as many slots as its `slot_count` says. More: first those that it gave up,
// last given up first, then free ones at random. Fewer: those taken last become reserved, so that
// going down and up again restores the same units.
//
// Errors: kFailedPrecondition (LAYER_FULL), saying how many are free for it; the store's.
absl::Status ResizeSlots(ResourceStore::Transaction& store, Experiment& experiment, Random& random);

// The same for a holdout; fewer gives those taken last back. A new size opens a new epoch. `layer`
// and `programme` carry their names.
absl::Status ResizeHoldout(ResourceStore::Transaction& store, Layer& layer, Random& random);
absl::Status ResizeHoldout(ResourceStore::Transaction& store, Programme& programme, Random& random);
template <class T>
absl::Status ResizeHoldout(ResourceStore::Transaction&, T&, Random&) {
  return absl::OkStatus();  // other kinds have none
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_SLOTS_H_
