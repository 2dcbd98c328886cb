// SPDX-License-Identifier: Apache-2.0

#include <initializer_list>

#include "absl/status/status.h"
#include "tests/reference/methods.h"

namespace insightloop::reference {
namespace {

void Add(Methods& methods, std::initializer_list<const char*> names, const char* reason) {
  for (const char* name : names) {
    methods[name] = [reason](const Json&) -> absl::StatusOr<Json> { return NotOffered(reason); };
  }
}

}  // namespace

absl::Status NotOffered(absl::string_view reason) { return absl::UnimplementedError(reason); }

void AddMethodsNotOffered(Methods& methods) {
  Add(methods, {"barnard_exact", "boschloo_exact", "fisher_exact"},
      "exact tests are for a few dozen units; campaigns have thousands");
  Add(methods, {"two_proportion_chi2_yates"},
      "the continuity correction makes a test at 5 % one at 2 to 4 %");
  Add(methods, {"srm_chi2_degenerate"},
      "p = 1 without any units; ours says that there is no split");
  Add(methods, {"regression_adjustment_lin"}, "regression of rows; adjustment here takes sums");
  Add(methods, {"group_sequential_bounds", "group_sequential_bounds_early_look"},
      "planned looks are not offered yet");
  Add(methods, {"gbstats_quantile_clustered_variance"},
      "quantiles are of units' sums, and units are independent");
  Add(methods, {"quantile_ci_order_statistic_ranks"},
      "exact bounds of one quantile; a difference needs its standard error");
  Add(methods, {"quantile_ab_sequential_p"},
      "quantiles are read at any time by their standard error");
  Add(methods, {"beta_binomial", "beta_credible_interval"},
      "posteriors are those of the normal estimate, of every metric alike");
  Add(methods, {"gbstats_quantile_bayesian"}, "its relative effect is on another scale");
  Add(methods, {"mann_whitney_u", "mann_whitney_u_degenerate"}, "rank tests are not offered yet");
  Add(methods, {"meta_analysis"}, "pooling of experiments is not offered yet");
  Add(methods, {"segment_mean_heterogeneity", "segment_proportion_heterogeneity"},
      "one chi-square over all values may be read once only");
  Add(methods, {"hash_verification_code"}, "MurmurHash places nobody here");
  Add(methods, {"planout_hash"}, "experiments are not taken over from PlanOut");
}

}  // namespace insightloop::reference
