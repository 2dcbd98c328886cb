// SPDX-License-Identifier: Apache-2.0

#include "api/server.h"

#include <grpc/support/time.h>
#include <grpcpp/channel.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/gate.h"
#include "engine/domain/error.h"
#include "insightloop/v1/server.pb.h"

namespace insightloop::api {
namespace {

constexpr int kMillisPerSecond = 1000;
constexpr int kMillisPerMinute = 60 * kMillisPerSecond;

// A hint to gRPC for the memory of its own buffers. It does not bound what a hostile peer can
// cause.
constexpr std::size_t kBufferQuotaBytes = std::size_t{512} << 20;

constexpr Duration kPatienceOfDestructor = Seconds(0);

struct ServiceEntry {
  const char* name;
  std::unique_ptr<grpc::Service> (*make)(Gate& gate, const Engine& engine);
};

constexpr ServiceEntry kServices[] = {
    {"insightloop.v1.AssignmentService", MakeAssignmentService},
    {"insightloop.v1.AttributeService", MakeAttributeService},
    {"insightloop.v1.CampaignService", MakeCampaignService},
    {"insightloop.v1.EventService", MakeEventService},
    {"insightloop.v1.ExperimentService", MakeExperimentService},
    {"insightloop.v1.HypothesisService", MakeHypothesisService},
    {"insightloop.v1.InsightService", MakeInsightService},
    {"insightloop.v1.LayerService", MakeLayerService},
    {"insightloop.v1.MeasurementService", MakeMeasurementService},
    {"insightloop.v1.MetricService", MakeMetricService},
    {"insightloop.v1.ProgrammeService", MakeProgrammeService},
    {"insightloop.v1.SegmentService", MakeSegmentService},
    {"insightloop.v1.ServerService", MakeServerService},
    {"insightloop.v1.UnitTypeService", MakeUnitTypeService},
    {"insightloop.v1.VerdictService", MakeVerdictService},
};

// Turns reflection on or off for one server. Merely linking gRPC's reflection turns it on for every
// server of the process.
class ReflectionOption final : public grpc::ServerBuilderOption {
 public:
  explicit ReflectionOption(bool wanted) : wanted_(wanted) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    auto reflection = std::make_unique<grpc::reflection::ProtoServerReflectionPlugin>();
    std::erase_if(*plugins,
                  [&](const auto& plugin) { return plugin->name() == reflection->name(); });
    if (wanted_) plugins->push_back(std::move(reflection));
  }

 private:
  const bool wanted_;
};

// What peers may take and for how long. Every limit is set here, also where it is gRPC's default.
void SetLimits(const Limits& limits, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(limits.max_message_bytes);
  builder.SetMaxSendMessageSize(-1);  // a verdict with many segments may be large
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 100);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 << 10);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10 * kMillisPerSecond);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 5 * kMillisPerMinute);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, 30 * kMillisPerMinute);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 30 * kMillisPerSecond);
  // Finds dead peers; lets clients ping every 20 seconds, also without calls, before it takes
  // offence.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kMillisPerMinute);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20 * kMillisPerSecond);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             20 * kMillisPerSecond);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
  // Two servers on one port would share its calls at random, and nobody would notice.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetResourceQuota(grpc::ResourceQuota("insightloopd").Resize(kBufferQuotaBytes));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Engine& engine, const Clock& wall_clock,
                                                      Random& random, const Limits& limits,
                                                      const ServerOptions& options) {
  if (absl::Status status = CheckFree(options.address); !status.ok()) return status;
  std::unique_ptr<Server> server(new Server(engine, wall_clock, random, limits, options));
  if (absl::Status status = server->Listen(limits, options); !status.ok()) return status;
  return server;
}

Server::Server(const Engine& engine, const Clock& wall_clock, Random& random, const Limits& limits,
               const ServerOptions& options)
    : executor_(options.workers, static_cast<std::size_t>(limits.max_queued_calls)),
      gate_(std::make_unique<Gate>(executor_, wall_clock, random, limits)) {
  for (const ServiceEntry& entry : kServices) services_.push_back(entry.make(*gate_, engine));
}

Server::~Server() { Stop(kPatienceOfDestructor); }

absl::Status Server::Listen(const Limits& limits, const ServerOptions& options) {
  const auto* pool = v1::ServerInfo::descriptor()->file()->pool();
  for (const ServiceEntry& entry : kServices) {
    if (absl::Status status = gate_->Admit(*pool->FindServiceByName(entry.name)); !status.ok()) {
      return status;
    }
  }
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  SetLimits(limits, builder);
  int port = 0;
  builder.AddListeningPort(options.address.ToString(), grpc::InsecureServerCredentials(), &port);
  builder.SetOption(std::make_unique<ReflectionOption>(options.reflection));
  for (const auto& service : services_) builder.RegisterService(service.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition,
        absl::StrCat("cannot listen on ", options.address.ToString(),
                     "; the log says why; choose another address with --listen"),
        {.reason = "ADDRESS_NOT_USABLE", .metadata = {{"address", options.address.ToString()}}});
  }
  address_ = options.address.ToString(port);
  for (const ServiceEntry& entry : kServices) {
    server_->GetHealthCheckService()->SetServingStatus(entry.name, true);
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::Channel> Server::InProcessChannel() {
  return server_->InProcessChannel(grpc::ChannelArguments());
}

void Server::Stop(Duration patience) {
  if (server_ != nullptr) {
    server_->GetHealthCheckService()->Shutdown();
    gate_->EndStreams();  // they have no end of their own to wait for
    server_->Shutdown(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                   gpr_time_from_micros(patience.micros, GPR_TIMESPAN)));
  }
  executor_.Shutdown();
  server_ = nullptr;
}

}  // namespace insightloop::api
