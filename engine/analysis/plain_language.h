// SPDX-License-Identifier: Apache-2.0
//
// A verdict for somebody who was not there: what to do, on which figures, what could be wrong, and
// what would change it. Made of the verdict's own fields, the same in both languages.
//
// Pure function; safe from any thread.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_PLAIN_LANGUAGE_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_PLAIN_LANGUAGE_H_

#include "engine/domain/verdict.h"

namespace insightloop {

// `stopped`: the experiment is, so that to keep running means to wait for open windows.
Summary InPlainLanguage(const Verdict& verdict, bool stopped);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_PLAIN_LANGUAGE_H_
