// SPDX-License-Identifier: Apache-2.0
//
// Plays the whole campaign against a server, step by step, and prints each as it happens.

#ifndef INSIGHTLOOP_CLIENTS_DEMO_PLAY_H_
#define INSIGHTLOOP_CLIENTS_DEMO_PLAY_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/demo/client.h"
#include "clients/demo/printer.h"

namespace insightloop::demo {

// When the story begins: a Monday morning. The server's clock must stand there.
inline constexpr char kStartText[] = "2026-03-02T08:00:00Z";
inline constexpr std::int64_t kStartSeconds = 1'772'438'400;

// What a visitor may want to look at afterwards.
struct Ending {
  std::string experiment, verdict, insight;  // names of resources
};

// Plays from the first insight to the last. The server must be fresh.
//
// Errors: kAborted    a call failed or was answered otherwise than it should; says which and why.
//         kCancelled  the demo was asked to end.
absl::StatusOr<Ending> Play(const Client& client, std::uint64_t seed, Printer& print);

}  // namespace insightloop::demo

#endif  // INSIGHTLOOP_CLIENTS_DEMO_PLAY_H_
