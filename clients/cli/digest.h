// SPDX-License-Identifier: Apache-2.0
//
// Names that make repeated work safe: an outcome's id from its row, a request id for one call.

#ifndef INSIGHTLOOP_CLIENTS_CLI_DIGEST_H_
#define INSIGHTLOOP_CLIENTS_CLI_DIGEST_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace insightloop::cli {

// An outcome id for a row without one: the first 32 hexadecimal digits of the SHA-256 of the
// source's name, the row's number and its cells, each with its length before it. The same file
// imported again gives the same ids, so its rows are duplicates; identical rows of one file stay
// distinct.
std::string RowDigest(std::string_view source, std::int64_t row,
                      std::span<const std::string_view> cells);

// A random UUID (version 4), as a request id. Ends the process if the system has no randomness.
std::string RandomUuid();

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_DIGEST_H_
