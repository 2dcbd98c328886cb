// SPDX-License-Identifier: Apache-2.0
//
// Prints what came out: a verdict, the planted truth beside its estimates, and where the new
// insight came from. Every estimate is the server's; nothing is computed here.

#ifndef INSIGHTLOOP_CLIENTS_DEMO_REPORT_H_
#define INSIGHTLOOP_CLIENTS_DEMO_REPORT_H_

#include "clients/demo/printer.h"
#include "insightloop/v1/experiment.pb.h"
#include "insightloop/v1/hypothesis.pb.h"
#include "insightloop/v1/insight.pb.h"
#include "insightloop/v1/verdict.pb.h"

namespace insightloop::demo {

// The decision and its reasons.
void PrintDecision(const v1::Verdict& verdict, Printer& print);

// Health checks, then the results of all units in a table.
void PrintFigures(const v1::Verdict& verdict, Printer& print);

// True effects beside estimates, with whether the interval contains the truth.
void PrintTruth(const v1::Verdict& verdict, Printer& print);

// The way from the first insight to the new one.
struct Lineage {
  v1::Insight origin;
  v1::Hypothesis hypothesis;
  v1::Experiment experiment;
  v1::Verdict verdict;
  v1::Insight learned;
};
void PrintLineage(const Lineage& lineage, Printer& print);

}  // namespace insightloop::demo

#endif  // INSIGHTLOOP_CLIENTS_DEMO_REPORT_H_
