// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_CALLER_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_CALLER_H_

#include <string>

#include "engine/domain/time.h"

namespace insightloop {

// Who calls, as what, with which call. Made by the API for every call; the engine trusts it.
struct Caller {
  std::string principal;       // who
  std::string role;            // name of the contract's Role, such as ROLE_ADMIN
  std::string method;          // such as `/insightloop.v1.InsightService/CreateInsight`
  std::string request_id;      // empty: the call cannot be replayed
  std::string request_digest;  // SHA-256 of the request, in hexadecimal
  Time deadline;               // when the caller stops waiting
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_CALLER_H_
