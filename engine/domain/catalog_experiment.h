// SPDX-License-Identifier: Apache-2.0
//
// What assigning units and recording their exposures need of an experiment. The fields are
// described in the contract, assignment.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_CATALOG_EXPERIMENT_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_CATALOG_EXPERIMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/domain/attribute.h"
#include "engine/domain/experiment.h"
#include "engine/domain/time.h"

namespace insightloop {

struct CatalogExperiment {
  std::string name;
  ExperimentState state{};
  bool external = false;
  std::string unit_type;
  std::string layer;
  std::string campaign;
  std::vector<Variant> variants;
  std::vector<Epoch> epochs;
  std::string salt;
  HashAlgorithm hash_algorithm{};
  std::optional<GrowthBookSettings> growthbook;
  std::vector<std::int32_t> slots;
  std::vector<Condition> eligibility;
  std::vector<Segment> segments;
  std::vector<Override> overrides;
  std::vector<std::string> kept_attributes;
  Time start_time, pause_time, stop_time;
};

template <class V>
void Fields(V& v, CatalogExperiment& x) {
  v("name", x.name);
  v("state", x.state);
  v("external", x.external);
  v("unit_type", x.unit_type);
  v("layer", x.layer);
  v("campaign", x.campaign);
  v("variants", x.variants);
  v("epochs", x.epochs);
  v("salt", x.salt);
  v("hash_algorithm", x.hash_algorithm);
  v("growthbook", x.growthbook);
  v("slots", x.slots);
  v("eligibility", x.eligibility);
  v("segments", x.segments);
  v("overrides", x.overrides);
  v("kept_attributes", x.kept_attributes);
  v("start_time", x.start_time);
  v("pause_time", x.pause_time);
  v("stop_time", x.stop_time);
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_CATALOG_EXPERIMENT_H_
