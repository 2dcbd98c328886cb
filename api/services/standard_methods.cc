// SPDX-License-Identifier: Apache-2.0

#include "api/services/standard_methods.h"

namespace insightloop::api {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::StatusOr<const Message*> ResourceOf(const Message& request) {
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByNumber(kResourceField);
  if (!request.GetReflection()->HasField(request, field)) {
    return InvalidField("FIELD_MISSING", field->name(), "is missing; send the resource");
  }
  return &request.GetReflection()->GetMessage(request, field);
}

}  // namespace insightloop::api
