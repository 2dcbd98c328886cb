// SPDX-License-Identifier: Apache-2.0

#include <string>

#include "absl/strings/str_cat.h"
#include "api/convert.h"
#include "api/gate.h"
#include "api/paging.h"
#include "api/services/services.h"
#include "insightloop/v1/verdict.grpc.pb.h"

namespace insightloop::api {
namespace {

class VerdictService final : public v1::VerdictService::CallbackService {
 public:
  VerdictService(Gate& gate, Verdicts& verdicts) : gate_(gate), verdicts_(verdicts) {}

  Gate::Reactor* ComputeVerdict(Gate::Context* context, const v1::ComputeVerdictRequest* request,
                                v1::Verdict* response) override {
    return gate_.Queue(context, request, response,
                       [this](const Caller&, const auto& asked, v1::Verdict& answer) {
                         return Encode(verdicts_.Compute(asked.experiment()), answer);
                       });
  }

  Gate::Reactor* RecordVerdict(Gate::Context* context, const v1::RecordVerdictRequest* request,
                               v1::Verdict* response) override {
    return gate_.Queue(context, request, response,
                       [this](const Caller& caller, const auto& asked, v1::Verdict& answer) {
                         return Encode(verdicts_.Record(caller, asked.experiment()), answer);
                       });
  }

  Gate::Reactor* GetVerdict(Gate::Context* context, const v1::GetVerdictRequest* request,
                            v1::Verdict* response) override {
    return gate_.Queue(context, request, response,
                       [this](const Caller&, const auto& asked, v1::Verdict& answer) {
                         return Encode(verdicts_.Get(asked.name()), answer);
                       });
  }

  Gate::Reactor* ListVerdicts(Gate::Context* context, const v1::ListVerdictsRequest* request,
                              v1::ListVerdictsResponse* response) override {
    return gate_.Queue(context, request, response,
                       [this](const Caller& caller, const auto& asked, auto& answer) {
                         return DoList(caller, asked, answer);
                       });
  }

 private:
  absl::Status DoList(const Caller& caller, const v1::ListVerdictsRequest& request,
                      v1::ListVerdictsResponse& response) {
    const std::string scope = absl::StrCat(caller.method, "\n", request.parent());
    const auto page =
        ReadPageRequest(scope, request.page_size(), request.page_token(), gate_.limits());
    if (!page.ok()) return page.status();
    const absl::StatusOr<Page<Verdict>> found =
        verdicts_.List(request.parent(), page->after, page->limit);
    if (!found.ok()) return found.status();
    for (const Verdict& verdict : found->items) {
      absl::Status status = ToProto(verdict, *response.add_verdicts());
      if (!status.ok()) return status;
    }
    response.set_next_page_token(MakePageToken(scope, found->next));
    return absl::OkStatus();
  }

  static absl::Status Encode(const absl::StatusOr<Verdict>& verdict, v1::Verdict& answer) {
    return verdict.ok() ? ToProto(*verdict, answer) : verdict.status();
  }

  Gate& gate_;
  Verdicts& verdicts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeVerdictService(Gate& gate, const Engine& engine) {
  return std::make_unique<VerdictService>(gate, engine.verdicts);
}

}  // namespace insightloop::api
