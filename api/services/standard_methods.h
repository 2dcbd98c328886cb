// SPDX-License-Identifier: Apache-2.0
//
// The standard methods, once for all collections: Noun is the engine's type, Proto the
// contract's. The requests of one method are alike but for the names of two fields, which have the
// same numbers in all of them.

#ifndef INSIGHTLOOP_API_SERVICES_STANDARD_METHODS_H_
#define INSIGHTLOOP_API_SERVICES_STANDARD_METHODS_H_

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/convert.h"
#include "api/field_mask.h"
#include "api/gate.h"
#include "api/paging.h"
#include "engine/domain/caller.h"
#include "engine/domain/error.h"
#include "engine/resources.h"

namespace insightloop::api {

// Field numbers that the requests of all collections share.
inline constexpr int kResourceField = 1;    // of Create and Update: the resource; of List: the page
inline constexpr int kResourceIdField = 2;  // of Create

// The resource of a Create or Update request. Error: kInvalidArgument (FIELD_MISSING).
absl::StatusOr<const google::protobuf::Message*> ResourceOf(
    const google::protobuf::Message& request);

template <class Noun, class Proto>
class StandardMethods {
 public:
  // Both outlive this object.
  StandardMethods(Gate& gate, Resources& resources) : gate_(gate), resources_(resources) {}

  template <class Request>
  Gate::Reactor* Create(Gate::Context* context, const Request* request, Proto* response) {
    return gate_.Queue(context, request, response,
                       [this](const Caller& caller, const Request& asked, Proto& answer) {
                         return DoCreate(caller, asked, answer);
                       });
  }

  template <class Request>
  Gate::Reactor* Get(Gate::Context* context, const Request* request, Proto* response) {
    return gate_.Queue(context, request, response,
                       [this](const Caller&, const Request& asked, Proto& answer) {
                         return Encode(resources_.Get<Noun>(asked.name()), answer);
                       });
  }

  template <class Request, class Response>
  Gate::Reactor* List(Gate::Context* context, const Request* request, Response* response) {
    return gate_.Queue(context, request, response,
                       [this](const Caller& caller, const Request& asked, Response& answer) {
                         return DoList(caller, asked, answer);
                       });
  }

  template <class Request>
  Gate::Reactor* Update(Gate::Context* context, const Request* request, Proto* response) {
    return gate_.Queue(context, request, response,
                       [this](const Caller& caller, const Request& asked, Proto& answer) {
                         return DoUpdate(caller, asked, asked.update_mask(), answer);
                       });
  }

  template <class Request>
  Gate::Reactor* Delete(Gate::Context* context, const Request* request,
                        google::protobuf::Empty* response) {
    return gate_.Queue(
        context, request, response,
        [this](const Caller& caller, const Request& asked, google::protobuf::Empty&) {
          return resources_.Delete<Noun>(caller, asked.name(), asked.etag());
        });
  }

 private:
  absl::Status DoCreate(const Caller& caller, const google::protobuf::Message& request,
                        Proto& response) {
    const auto given = ResourceOf(request);
    if (!given.ok()) return given.status();
    absl::StatusOr<Noun> noun = FromProto<Noun>(**given);
    if (!noun.ok()) return noun.status();
    const std::string id = request.GetReflection()->GetString(
        request, request.GetDescriptor()->FindFieldByNumber(kResourceIdField));
    return Encode(resources_.Create<Noun>(caller, id, *std::move(noun)), response);
  }

  template <class Request, class Response>
  absl::Status DoList(const Caller& caller, const Request& request, Response& response) {
    const auto page =
        ReadPageRequest(caller.method, request.page_size(), request.page_token(), gate_.limits());
    if (!page.ok()) return page.status();
    const absl::StatusOr<Page<Noun>> found = resources_.List<Noun>(page->after, page->limit);
    if (!found.ok()) return found.status();
    const auto* items = response.GetDescriptor()->FindFieldByNumber(kResourceField);
    for (const Noun& noun : found->items) {
      auto* item = response.GetReflection()->AddMessage(&response, items);
      if (absl::Status status = ToProto(noun, *item); !status.ok()) return status;
    }
    response.set_next_page_token(MakePageToken(caller.method, found->next));
    return absl::OkStatus();
  }

  absl::Status DoUpdate(const Caller& caller, const google::protobuf::Message& request,
                        const google::protobuf::FieldMask& update_mask, Proto& response) {
    const auto given = ResourceOf(request);
    if (!given.ok()) return given.status();
    const Proto& changed = static_cast<const Proto&>(**given);
    const auto mask = EffectiveMask(update_mask, changed);
    if (!mask.ok()) return mask.status();
    Violations violations;
    CheckMessage(changed, violations);  // before anything is looked up
    if (!violations.empty()) return violations.ToStatus();

    const auto edit = [&](Noun& noun) -> absl::Status {
      Proto stored;
      if (absl::Status status = ToProto(noun, stored); !status.ok()) return status;
      ReplaceFields(*mask, changed, stored);
      absl::StatusOr<Noun> edited = FromProto<Noun>(stored);
      if (!edited.ok()) return edited.status();
      noun = *std::move(edited);
      return absl::OkStatus();
    };
    return Encode(resources_.Update<Noun>(caller, changed.name(), changed.etag(), edit), response);
  }

  static absl::Status Encode(const absl::StatusOr<Noun>& noun, Proto& response) {
    return noun.ok() ? ToProto(*noun, response) : noun.status();
  }

  Gate& gate_;
  Resources& resources_;
};

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_SERVICES_STANDARD_METHODS_H_
