// SPDX-License-Identifier: Apache-2.0

#include "api/auto_pausing.h"
#include "api/convert.h"
#include "api/gate.h"
#include "api/services/services.h"
#include "insightloop/v1/server.grpc.pb.h"

namespace insightloop::api {
namespace {

// The engine's enumerations have the order of the contract's.
static_assert(static_cast<int>(CheckKind::kIntegrity) == v1::DatabaseCheck::INTEGRITY);
static_assert(static_cast<int>(CheckKind::kFigures) == v1::DatabaseCheck::FIGURES);
static_assert(static_cast<int>(FindingStatus::kOk) == v1::DatabaseCheck::OK);
static_assert(static_cast<int>(FindingStatus::kFail) == v1::DatabaseCheck::FAIL);

constexpr std::int64_t kMicrosPerSecond = 1'000'000;

class ServerService final : public v1::ServerService::CallbackService {
 public:
  ServerService(Gate& gate, const Engine& engine) : gate_(gate), engine_(engine) {}

  Gate::Reactor* GetServerInfo(Gate::Context* context, const v1::GetServerInfoRequest* request,
                               v1::ServerInfo* response) override {
    return gate_.Inline(
        context, request, response,
        [this](const Caller&, const auto&, v1::ServerInfo& answer) { return Describe(answer); });
  }

  Gate::Reactor* AdvanceClock(Gate::Context* context, const v1::AdvanceClockRequest* request,
                              v1::ServerInfo* response) override {
    return gate_.Queue(context, request, response,
                       [this](const Caller&, const auto& asked, v1::ServerInfo& answer) {
                         absl::Status status = Advance(asked);
                         return status.ok() ? Describe(answer) : status;
                       });
  }

  Gate::Reactor* VerifyDatabase(Gate::Context* context, const v1::VerifyDatabaseRequest* request,
                                v1::VerifyDatabaseResponse* response) override {
    return gate_.Queue(context, request, response,
                       [this](const Caller&, const auto& asked, auto& answer) -> absl::Status {
                         const auto findings = engine_.verifier.Verify(asked.experiment());
                         if (!findings.ok()) return findings.status();
                         for (const Finding& finding : *findings) {
                           Encode(finding, *answer.add_checks());
                         }
                         return absl::OkStatus();
                       });
  }

 private:
  static void Encode(const Finding& finding, v1::DatabaseCheck& check) {
    check.set_check(static_cast<v1::DatabaseCheck::Check>(finding.check));
    check.set_experiment(finding.subject);
    check.set_status(static_cast<v1::DatabaseCheck::Status>(finding.status));
    check.set_rows(finding.rows);
    check.set_detail(finding.detail);
  }

  absl::Status Describe(v1::ServerInfo& info) const {
    const Limits& limits = gate_.limits();
    info.set_version(engine_.version);
    info.set_schema_version(engine_.schema_version);
    *info.mutable_time() = TimeToProto(engine_.clock.Now());
    info.set_simulated_clock(engine_.simulated_clock != nullptr);
    info.set_max_rows_per_call(limits.max_rows_per_call);
    info.set_max_message_bytes(limits.max_message_bytes);
    info.set_max_future_seconds(limits.max_future.micros / kMicrosPerSecond);
    info.set_acceptance_window_seconds(limits.acceptance_window.micros / kMicrosPerSecond);
    for (const auto& [reason, rows] : engine_.recorder.rejected()) {
      v1::RejectedRows& rejected = *info.add_rejected_rows();
      rejected.set_reason(reason);
      rejected.set_rows(rows);
    }
    return absl::OkStatus();
  }

  absl::Status Advance(const v1::AdvanceClockRequest& request) const {
    if (engine_.simulated_clock == nullptr) {
      return WrongState("REAL_CLOCK", "server",
                        "runs on the real clock, which nobody moves; start a server with "
                        "--simulated-clock on a database of its own");
    }
    Violations violations;
    CheckMessage(request, violations);
    if (!violations.empty()) return violations.ToStatus();
    if (!request.has_time()) {
      return InvalidField("FIELD_MISSING", "time", "is missing; send the new time");
    }
    auto advanced = engine_.simulated_clock->AdvanceTo(*TimeFromProto(request.time()));
    if (advanced.ok()) RunAndLog(engine_.auto_pause);
    return advanced;
  }

  Gate& gate_;
  const Engine engine_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeServerService(Gate& gate, const Engine& engine) {
  return std::make_unique<ServerService>(gate, engine);
}

}  // namespace insightloop::api
