// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_ENGINE_PORTS_EXPOSED_UNITS_H_
#define INSIGHTLOOP_ENGINE_PORTS_EXPOSED_UNITS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace insightloop {

// Where a unit stands in an experiment for good.
struct FirstExposure {
  std::int32_t epoch = 0;
  std::string variant;
};

// Knows which units were exposed. Safe for concurrent calls; never waits for I/O.
class ExposedUnits {
 public:
  virtual ~ExposedUnits() = default;

  // False while a starting server reads what was recorded: nobody counts as exposed until then.
  virtual bool is_ready() const = 0;

  // The earliest recorded exposure, overrides left aside; absent when there is none.
  virtual std::optional<FirstExposure> FindFirstExposure(std::string_view experiment,
                                                         std::string_view unit_type,
                                                         std::string_view unit_id) const = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_PORTS_EXPOSED_UNITS_H_
