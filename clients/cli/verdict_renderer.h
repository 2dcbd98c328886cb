// SPDX-License-Identifier: Apache-2.0
//
// A verdict for people: the decision first in one line, then why, then what is wrong with the data,
// then the figures, then what to keep in mind.

#ifndef INSIGHTLOOP_CLIENTS_CLI_VERDICT_RENDERER_H_
#define INSIGHTLOOP_CLIENTS_CLI_VERDICT_RENDERER_H_

#include <string>
#include <vector>

#include "insightloop/v1/verdict.pb.h"

namespace insightloop::cli {

// `caveats` are remarks of the caller, such as rows left out; each a sentence. `color` allows
// terminal colours. Proportions are shown in per cent, their differences in percentage points.
std::string RenderVerdict(const v1::Verdict& verdict, const std::vector<std::string>& caveats,
                          bool color);

// A p-value: four decimals, or `2.7e-113` below 0.0001. `log_p` (natural) stands in where p is too
// small for a double.
std::string FormatPValue(double p, double log_p);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_VERDICT_RENDERER_H_
