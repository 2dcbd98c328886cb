// SPDX-License-Identifier: Apache-2.0
//
// Every limit of the system, in one place. Each is stated in the contract, and tested.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_LIMITS_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "engine/domain/time.h"

namespace insightloop {

struct Limits {
  // Calls.
  int max_message_bytes = 16 << 20;
  int max_rows_per_call = 10'000;
  int default_page_size = 50;
  int max_page_size = 1'000;
  Duration default_deadline = Seconds(60);  // for calls that set none
  int max_queued_calls = 1'000;             // waiting for a worker
  int max_queued_rows = 200'000;            // facts waiting for the writer
  int max_catalog_streams = 1'000;          // at the same time

  // Texts, in bytes of UTF-8.
  std::size_t max_request_id = 36;
  std::size_t max_unit_id = 256;
  std::size_t max_outcome_id = 128;
  std::size_t max_variant_id = 64;
  std::size_t max_label = 256;  // display names, channels, sources, text attributes …
  std::size_t max_text = 2'000;
  std::size_t max_comment = 4'000;
  std::size_t max_filter = 2'000;  // a condition as a text
  std::size_t max_pattern = 256;   // a regular expression

  // Lists.
  std::size_t max_evidence = 100;
  std::size_t max_references = 20;  // insights, parents, guardrails, secondary metrics, conditions
  std::size_t max_variants = 20;
  std::size_t max_segment_attributes = 10;
  std::size_t max_attributes = 100;          // given with one unit
  std::size_t max_condition_depth = 10;      // levels of a tree
  std::size_t max_conditions = 200;          // of all trees of one resource together
  std::size_t max_condition_values = 1'000;  // of one `one_of`
  std::size_t max_overrides = 100;           // of one experiment
  std::size_t max_epochs = 100;              // of one experiment
  std::size_t max_segment_values = 100;  // distinct values of one segment attribute in a verdict

  // Facts.
  Duration max_future = Hours(24);
  Duration acceptance_window = Days(30);
  Duration lateness_allowance = Hours(24);  // after a window closes, before its unit is read
  Duration max_window = Days(366);
  std::int64_t max_steps = 1'000'000'000'000'000;  // of a value, either sign
  std::int32_t max_weight = 1'000'000;
  std::int64_t max_fact_bytes = 0;  // of memory for what is known of facts; 0: no limit
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_LIMITS_H_
