// SPDX-License-Identifier: Apache-2.0
//
// The services of the contract, one file each. They decode, call the engine and encode; rules live
// in the engine.

#ifndef INSIGHTLOOP_API_SERVICES_SERVICES_H_
#define INSIGHTLOOP_API_SERVICES_SERVICES_H_

#include <cstdint>
#include <memory>
#include <string>

#include "api/simulated_clock.h"
#include "engine/assignment/catalog_holder.h"
#include "engine/auto_pause.h"
#include "engine/erasure.h"
#include "engine/lifecycle.h"
#include "engine/measurement/recorder.h"
#include "engine/ports/clock.h"
#include "engine/ports/exposed_units.h"
#include "engine/resources.h"
#include "engine/verdicts.h"
#include "engine/verification.h"

namespace grpc {
class Service;
}

namespace insightloop::api {

class Gate;

// What the services stand on. All of it outlives them.
struct Engine {
  Resources& resources;
  Lifecycle& lifecycle;
  Verdicts& verdicts;
  AutoPause& auto_pause;
  Verifier& verifier;
  Recorder& recorder;
  Eraser& eraser;
  CatalogHolder& catalog;
  const ExposedUnits& exposed_units;
  const Clock& clock;
  SimulatedClock* simulated_clock = nullptr;  // the same clock, where it is simulated
  std::string version;
  std::int32_t schema_version = 0;
};

std::unique_ptr<grpc::Service> MakeAssignmentService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeAttributeService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeCampaignService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeEventService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeExperimentService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeHypothesisService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeInsightService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeLayerService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeMeasurementService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeMetricService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeProgrammeService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeSegmentService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeServerService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeUnitTypeService(Gate& gate, const Engine& engine);
std::unique_ptr<grpc::Service> MakeVerdictService(Gate& gate, const Engine& engine);

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_SERVICES_SERVICES_H_
