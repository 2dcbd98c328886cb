// SPDX-License-Identifier: Apache-2.0

#include "tests/api/server_fixture.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <ostream>
#include <utility>

#include "absl/status/status.h"
#include "api/server.h"
#include "api/system_clock.h"
#include "api/system_random.h"
#include "engine/measurement/embedded_measurement.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "insightloop/v1/server.pb.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/fact_audit.h"
#include "storage/sqlite/fact_log.h"
#include "storage/sqlite/resource_store.h"
#include "tests/support/faulty_fact_log.h"
#include "tests/support/status_matchers.h"

namespace insightloop::api {

using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using ::insightloop::testing::IsOk;
using ::testing::HasSubstr;

struct ServerTest::Rooms {
  Rooms(const Clock& clock, std::unique_ptr<storage::SqliteDatabase> opened, SystemRandom& random,
        const Limits& given)
      : database(std::move(opened)),
        limits(given),
        resources(store, catalog, clock, random, limits) {}

  std::unique_ptr<storage::SqliteDatabase> database;
  storage::SqliteResourceStore store{*database};
  storage::SqliteFactLog sound_fact_log{*database};
  testing::FaultyFactLog fact_log{sound_fact_log};
  storage::SqliteFactAudit fact_audit{*database};
  const Limits limits;
  CatalogHolder catalog;
  Resources resources;
  std::unique_ptr<Measurement> measurement;
  std::unique_ptr<Recorder> recorder;
  std::unique_ptr<Following> following;
  std::unique_ptr<Lifecycle> lifecycle;
  std::unique_ptr<Verdicts> verdicts;
  std::unique_ptr<AutoPause> auto_pause;
  std::unique_ptr<Verifier> verifier;
  std::unique_ptr<Eraser> eraser;
};

namespace {

SystemClock& WallClock() {
  static SystemClock clock;
  return clock;
}

SystemRandom& TheRandom() {
  static SystemRandom random;
  return random;
}

}  // namespace

ServerTest::ServerTest(bool simulated, const Limits& limits) {
  const Clock& clock = simulated ? static_cast<const Clock&>(clock_) : WallClock();
  auto database = storage::SqliteDatabase::Open(
      {.path = ":memory:", .simulated_clock = simulated, .now = clock.Now()}, TheRandom());
  if (!database.ok()) {
    ADD_FAILURE() << database.status();
    std::abort();
  }
  rooms_ = std::make_unique<Rooms>(clock, *std::move(database), TheRandom(), limits);
  EXPECT_THAT(rooms_->resources.Initialize(), IsOk());
  auto measurement = OpenEmbeddedMeasurement(rooms_->fact_log, rooms_->limits);
  EXPECT_THAT(measurement, IsOk());
  rooms_->measurement = *std::move(measurement);
  rooms_->recorder =
      std::make_unique<Recorder>(rooms_->catalog, *rooms_->measurement, clock, rooms_->limits);
  rooms_->following =
      std::make_unique<Following>(rooms_->resources.store(), *rooms_->measurement, rooms_->limits);
  rooms_->lifecycle = std::make_unique<Lifecycle>(rooms_->resources, *rooms_->following);
  rooms_->verdicts =
      std::make_unique<Verdicts>(rooms_->resources, *rooms_->measurement, *rooms_->following);
  rooms_->auto_pause =
      std::make_unique<AutoPause>(rooms_->resources, *rooms_->lifecycle, *rooms_->verdicts);
  rooms_->verifier = std::make_unique<Verifier>(rooms_->resources, rooms_->catalog,
                                                *rooms_->measurement, rooms_->fact_audit);
  rooms_->eraser =
      std::make_unique<Eraser>(rooms_->resources, rooms_->catalog, *rooms_->measurement);
  const Engine engine{.resources = rooms_->resources,
                      .lifecycle = *rooms_->lifecycle,
                      .verdicts = *rooms_->verdicts,
                      .auto_pause = *rooms_->auto_pause,
                      .verifier = *rooms_->verifier,
                      .recorder = *rooms_->recorder,
                      .eraser = *rooms_->eraser,
                      .catalog = rooms_->catalog,
                      .exposed_units = *rooms_->measurement,
                      .clock = clock,
                      .simulated_clock = simulated ? &clock_ : nullptr,
                      .version = "1.2.3",
                      .schema_version = 7};
  auto server = Server::Start(engine, WallClock(), TheRandom(), rooms_->limits,
                              {.address = *ParseListenAddress("127.0.0.1:0"), .workers = 4});
  EXPECT_THAT(server, IsOk());
  server_ = *std::move(server);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  channel_ =
      grpc::CreateCustomChannel(server_->address(), grpc::InsecureChannelCredentials(), arguments);
}

ServerTest::~ServerTest() {
  channel_ = nullptr;
  server_ = nullptr;
}

testing::FaultyFactLog& ServerTest::fact_log() { return rooms_->fact_log; }

namespace {

ErrorDetails DetailsOfReply(const grpc::Status& status, Reply& reply) {
  google::rpc::Status rich;
  EXPECT_TRUE(rich.ParseFromString(status.error_details()));
  EXPECT_EQ(rich.code(), static_cast<int>(status.error_code()));
  EXPECT_EQ(rich.message(), status.error_message());
  ErrorDetails details;
  for (const auto& any : rich.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::ResourceInfo resource;
    google::rpc::RetryInfo retry;
    google::rpc::PreconditionFailure precondition;
    if (any.UnpackTo(&info)) {
      EXPECT_EQ(info.domain(), "insightloop.dev");
      details.reason = info.reason();
      for (const auto& [key, value] : info.metadata()) details.metadata[key] = value;
    } else if (any.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        details.violations.push_back({violation.field(), violation.description()});
      }
    } else if (any.UnpackTo(&resource)) {
      details.resource = resource.resource_name();
    } else if (any.UnpackTo(&retry)) {
      details.retry_delay = Seconds(retry.retry_delay().seconds());
    } else if (any.UnpackTo(&precondition)) {
      EXPECT_EQ(precondition.violations_size(), 1);
      reply.has_precondition = true;
    }
  }
  return details;
}

}  // namespace

Reply ServerTest::Call(const std::string& method, const Json& request, int deadline_seconds) {
  const std::string path = "insightloop.v1." + method;
  std::string dotted = path;
  dotted[dotted.rfind('/')] = '.';
  const MethodDescriptor* descriptor =
      v1::ServerInfo::descriptor()->file()->pool()->FindMethodByName(dotted);
  if (descriptor == nullptr) {
    ADD_FAILURE() << "no such method: " << dotted;
    return {};
  }
  const auto make = [](const google::protobuf::Descriptor* type) {
    return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
  };
  const std::unique_ptr<Message> sent = make(descriptor->input_type());
  const std::unique_ptr<Message> received = make(descriptor->output_type());
  const auto parsed = google::protobuf::util::JsonStringToMessage(request.dump(), sent.get());
  EXPECT_TRUE(parsed.ok()) << parsed.ToString() << " in " << request;

  const std::string full_path = "/" + path;
  const grpc::internal::RpcMethod rpc(full_path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(deadline_seconds));
  const grpc::Status status =
      grpc::internal::BlockingUnaryCall<Message, Message, google::protobuf::MessageLite,
                                        google::protobuf::MessageLite>(
          channel_.get(), rpc, &context, *sent, received.get());
  Reply reply;
  reply.code = absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code()));
  reply.message = status.error_message();
  if (!status.ok()) {
    reply.details = DetailsOfReply(status, reply);
    return reply;
  }
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(*received, &text, options).ok());
  reply.body = Json::parse(text);
  return reply;
}

std::ostream& operator<<(std::ostream& os, const Reply& reply) {
  return os << reply.code << " " << reply.details.reason << " " << reply.message << reply.body;
}

void ExpectError(const Reply& reply, const std::string& code, const std::string& reason,
                 const std::string& field, const std::string& message_part) {
  EXPECT_EQ(reply.code, code) << reply;
  EXPECT_EQ(reply.details.reason, reason) << reply;
  EXPECT_THAT(reply.message, HasSubstr(message_part));
  EXPECT_EQ(reply.has_precondition, code == "FAILED_PRECONDITION") << reply;
  if (code == "INVALID_ARGUMENT") {
    ASSERT_FALSE(reply.details.violations.empty()) << reply;
    EXPECT_EQ(reply.details.violations[0].field, field) << reply;
    EXPECT_THAT(reply.details.violations[0].description,
                ::testing::AnyOf(HasSubstr(";"), HasSubstr(":")));  // what is wrong; the remedy
  } else if (code == "NOT_FOUND") {
    EXPECT_EQ(reply.details.metadata.at("field"), field) << reply;
  }
}

void ServerTest::MakeDefinitions() {
  const std::pair<const char*, const char*> calls[] = {
      {"InsightService/CreateInsight",
       R"({"insight_id": "why", "insight": {"statement": "Shipping costs scare buyers."}})"},
      {"EventService/CreateEvent",
       R"({"event_id": "purchase", "event": {"value_kind": "MONEY", "currency": "EUR"}})"},
      {"EventService/CreateEvent", R"({"event_id": "visit", "event": {"value_kind": "NONE"}})"},
      {"EventService/CreateEvent",
       R"({"event_id": "nps", "event": {"value_kind": "SCORE", "minimum": 0, "maximum": 10}})"},
      {"AttributeService/CreateAttribute",
       R"({"attribute_id": "country", "attribute": {"value_type": "STRING"}})"},
      {"AttributeService/CreateAttribute",
       R"({"attribute_id": "age", "attribute": {"value_type": "NUMBER"}})"},
      {"MetricService/CreateMetric",
       R"({"metric_id": "revenue", "metric": {"kind": "MEAN", "event": "events/purchase",
           "window": {"length": "604800s"}}})"},
      {"HypothesisService/CreateHypothesis",
       R"({"hypothesis_id": "h", "hypothesis": {"insights": ["insights/why"], "because": "b",
           "if_action": "i", "then_outcome": "t", "primary_metric": "metrics/revenue",
           "smallest_effect": {"value": 0.05, "scale": "RELATIVE"}}})"},
      {"LayerService/CreateLayer", R"({"layer_id": "site", "layer": {}})"},
  };
  for (const auto& [method, request] : calls) {
    const Reply reply = Call(method, Json::parse(request));
    ASSERT_EQ(reply.code, "OK") << method << ": " << reply;
  }
}

void ServerTest::MakeExperiment(const std::string& id) {
  const Reply reply = Call("ExperimentService/CreateExperiment",
                           {{"experiment_id", id},
                            {"experiment",
                             {{"hypothesis", "hypotheses/h"},
                              {"layer", "layers/site"},
                              {"slot_count", 100},
                              {"variants",
                               {{{"variant_id", "control"}, {"control", true}, {"weight", 1}},
                                {{"variant_id", "treatment"}, {"weight", 1}}}}}}});
  ASSERT_EQ(reply.code, "OK") << reply;
}

}  // namespace insightloop::api
