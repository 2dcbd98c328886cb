// SPDX-License-Identifier: Apache-2.0
//
// The normal mixture: how far a sum of centred observations may stray from 0, at any time and for
// all times together. A confidence sequence (confidence_sequence.h) and the mixture likelihood
// ratio (mixture_ratio.h) are this boundary in other words.
//
// Method: S is the sum, V its intrinsic time, the variance of S so far, and rho > 0 a tuning.
//           two-sided  M = sqrt(rho / (V + rho)) exp(S^2 / (2 (V + rho)))
//           one-sided  M = 2 sqrt(rho / (V + rho)) exp(S^2 / (2 (V + rho))) Phi(S / sqrt(V + rho))
//         While the observations have the mean 0, or for the one-sided at most 0, and sub-Gaussian
//         tails, M starts at 1 and is a supermartingale: the chance that it ever reaches 1 / alpha
//         is at most alpha (Ville). The bound is the S at which it does.
// Source: Howard, Ramdas, McAuliffe, Sekhon, "Time-uniform, Nonparametric, Nonasymptotic Confidence
//         Sequences", Annals of Statistics 49 (2021), propositions 4 and 5; rho by the
//         approximation of section 3.5.
//
// Units:  S in the unit of the observations, V and rho in its square; logarithms are natural.
// Errors: kInvalidArgument    a sum that is not finite, an intrinsic time that is not finite or
//                             negative (or to tune for, 0), a rho that is not finite and positive,
//                             an alpha outside (0, 1).
//         kFailedPrecondition the result does not fit in a double.
// Pure functions; safe from any thread; no allocation unless they fail.

#ifndef INSIGHTLOOP_STATS_NORMAL_MIXTURE_H_
#define INSIGHTLOOP_STATS_NORMAL_MIXTURE_H_

#include "absl/status/statusor.h"
#include "stats/comparison.h"

namespace insightloop::stats {

struct NormalMixture {
  double intrinsic_time = 0;  // V
  double rho = 0;             // the bound is tightest at a V of about 8 rho, for an alpha of 5 %
};

// The rho at which the two-sided bound of `alpha` is tightest at `intrinsic_time`. For the
// one-sided bound give 2 alpha.
absl::StatusOr<double> NormalMixtureRho(double intrinsic_time, double alpha);

// ln M, and the S above 0 at which M = 1 / alpha: two-sided, |S| stays below it.
absl::StatusOr<double> LogNormalMixture(const NormalMixture& mixture, double sum);
absl::StatusOr<double> NormalMixtureBound(const NormalMixture& mixture, double alpha);

// The same, one-sided: S stays below it.
absl::StatusOr<double> LogOneSidedNormalMixture(const NormalMixture& mixture, double sum);
absl::StatusOr<double> OneSidedNormalMixtureBound(const NormalMixture& mixture, double alpha);

namespace internal {

// The two-sided mixture without its units, for estimates: z = S / sqrt(V) is the estimate in
// standard errors, and x = V / rho. Not checked; infinite or NaN beyond a double.

// The x at which the bound of `alpha` is tightest.
double TightestTime(double alpha);

// ln M. Minus this, at most 0, is the logarithm of an always valid p-value.
double LogMixture(double z, double x);

// The z at which M = 1 / alpha.
double MixtureMultiplier(double x, double alpha);

// The effect's always valid p-value against 0, and its interval of level 1 - alpha. Errors as
// Compare().
absl::StatusOr<Comparison> CompareByMixture(const EffectEstimate& estimate, double x, double alpha);

}  // namespace internal

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_NORMAL_MIXTURE_H_
