// SPDX-License-Identifier: Apache-2.0
//
// Pauses between attempts that nobody waits for: as long as the server asks for, else 0.1 s,
// doubled up to 2 s; each longer by up to a fifth by chance, so that clients do not come back all
// at once.

#ifndef INSIGHTLOOP_CLIENTS_CPP_BACKOFF_H_
#define INSIGHTLOOP_CLIENTS_CPP_BACKOFF_H_

#include <algorithm>
#include <optional>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/domain/error.h"

namespace insightloop {

class Backoff {
 public:
  // The pause after one more failure.
  absl::Duration After(const absl::Status& failed) {
    const std::optional<Duration> asked = DetailsOf(failed).retry_delay;
    const absl::Duration pause = asked.has_value() ? absl::Microseconds(asked->micros) : next_;
    next_ = std::min(2 * next_, absl::Seconds(2));
    return pause * absl::Uniform(random_, 1.0, 1.2);
  }
  // After a success.
  void Reset() { next_ = kFirst; }

 private:
  static constexpr absl::Duration kFirst = absl::Milliseconds(100);
  absl::Duration next_ = kFirst;
  absl::BitGen random_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_CLIENTS_CPP_BACKOFF_H_
