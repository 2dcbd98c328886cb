// SPDX-License-Identifier: Apache-2.0
//
// Fills a catalog of the engine from the stream of a server.

#ifndef INSIGHTLOOP_CLIENTS_CPP_WIRE_CATALOG_H_
#define INSIGHTLOOP_CLIENTS_CPP_WIRE_CATALOG_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/assignment/catalog.h"
#include "insightloop/v1/assignment.pb.h"

namespace insightloop {

// A definition that this version cannot read, such as of a server that is newer.
struct Unreadable {
  std::string name;
  std::string layer;  // of an experiment that has one
  absl::Status why;
};

// Takes over what a response says; a snapshot goes into a new catalog. What cannot be read is told;
// an experiment that cannot is taken out of the catalog. Pure.
std::vector<Unreadable> TakeOver(const v1::StreamCatalogResponse& response, Catalog& catalog);

}  // namespace insightloop

#endif  // INSIGHTLOOP_CLIENTS_CPP_WIRE_CATALOG_H_
