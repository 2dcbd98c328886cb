// SPDX-License-Identifier: Apache-2.0

#include "api/field_mask.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/field_mask_util.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"

namespace insightloop::api {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::util::FieldMaskUtil;

namespace {

bool IsPathOf(const Descriptor* type, const std::string& path) {
  // Protobuf overlooks empty parts, as in `plan.`.
  const bool has_empty_part = path.empty() || path.front() == '.' || path.back() == '.' ||
                              path.find("..") != std::string::npos;
  return !has_empty_part && FieldMaskUtil::GetFieldDescriptors(type, path, nullptr);
}

}  // namespace

absl::StatusOr<FieldMask> EffectiveMask(const FieldMask& mask, const Message& resource) {
  const Descriptor* type = resource.GetDescriptor();
  FieldMask effective;
  if (mask.paths().empty()) {
    std::vector<const FieldDescriptor*> fields;
    resource.GetReflection()->ListFields(resource, &fields);
    for (const FieldDescriptor* field : fields) effective.add_paths(field->name());
    return effective;
  }
  Violations violations;
  for (int i = 0; i < mask.paths_size(); ++i) {
    const std::string& path = mask.paths(i);
    if (path == "*" || IsPathOf(type, path)) continue;
    violations.Add("UNKNOWN_FIELD_PATH", absl::StrCat("update_mask.paths[", i, "]"),
                   absl::StrCat(Quoted(path), " is no field of ", type->name(),
                                "; name fields in snake_case, such as ",
                                type->field(type->field_count() - 1)->name(), ", or send *"));
  }
  if (!violations.empty()) return violations.ToStatus();
  const bool all = std::find(mask.paths().begin(), mask.paths().end(), "*") != mask.paths().end();
  if (!all) return mask;
  for (int i = 0; i < type->field_count(); ++i) effective.add_paths(type->field(i)->name());
  return effective;
}

void ReplaceFields(const FieldMask& mask, const Message& changed, Message& stored) {
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(changed, mask, options, &stored);
}

}  // namespace insightloop::api
