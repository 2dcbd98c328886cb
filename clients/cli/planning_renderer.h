// SPDX-License-Identifier: Apache-2.0
//
// What an experiment takes, for people: the plan in a sentence, its choices in a table, and what to
// keep in mind.

#ifndef INSIGHTLOOP_CLIENTS_CLI_PLANNING_RENDERER_H_
#define INSIGHTLOOP_CLIENTS_CLI_PLANNING_RENDERER_H_

#include <string>

#include "insightloop/v1/experiment.pb.h"

namespace insightloop::cli {

std::string RenderPlanning(const v1::PlanExperimentResponse& planning, bool color);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_PLANNING_RENDERER_H_
