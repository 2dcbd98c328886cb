// SPDX-License-Identifier: Apache-2.0
//
// Field masks of updates.

#ifndef INSIGHTLOOP_API_FIELD_MASK_H_
#define INSIGHTLOOP_API_FIELD_MASK_H_

#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace insightloop::api {

// The fields that an update of `resource` names: those that it has set when `mask` is empty, all of
// its type when `mask` has `*`.
//
// Error: kInvalidArgument (UNKNOWN_FIELD_PATH) for a path that its type does not have. Paths cannot
// go into the items of a list.
absl::StatusOr<google::protobuf::FieldMask> EffectiveMask(
    const google::protobuf::FieldMask& mask, const google::protobuf::Message& resource);

// Replaces the fields of `stored` that `mask` names by those of `changed`, which is of the same
// type; fields that are not set in `changed` are cleared. Lists and messages are replaced as a
// whole unless a path goes into them.
void ReplaceFields(const google::protobuf::FieldMask& mask,
                   const google::protobuf::Message& changed, google::protobuf::Message& stored);

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_FIELD_MASK_H_
