// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/single_load.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "insightloop/v1/measurement.pb.h"
#include "tests/bench/measuring.h"

namespace insightloop::bench {
namespace {

constexpr std::size_t kPrefixBytes = 5;  // before each message: not compressed, its length
constexpr std::size_t kChunkBytes = 64 << 10;
constexpr std::uint32_t kCallsAtOnce = 64;
constexpr int kPatienceMs = 60'000;

void MustBeWell(ssize_t result) {
  if (result < 0) Fail(absl::StrCat("HTTP/2: ", nghttp2_strerror(static_cast<int>(result))));
}

nghttp2_nv Header(std::string_view name, std::string_view value) {
  // The library copies them.
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

int ConnectTo(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  addrinfo* found = nullptr;
  const addrinfo wanted{.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  if (getaddrinfo(address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(), &wanted,
                  &found) != 0) {
    Fail("no address: " + address);
  }
  const int socket = ::socket(found->ai_family, found->ai_socktype, 0);
  if (socket < 0 || connect(socket, found->ai_addr, found->ai_addrlen) != 0) {
    Fail(absl::StrCat("cannot connect to ", address, ": ", std::strerror(errno)));
  }
  freeaddrinfo(found);
  const int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return socket;
}

}  // namespace

struct SingleLoad::Call {
  Call(const Pool& pool, std::uint32_t seed) : rows(pool, 1, seed) {}

  OutcomeCall rows;
  std::string request, response;  // as sent and received
  std::size_t sent = 0;           // bytes of the request
  std::string status, message;    // of gRPC; "0" is OK
};

class SingleLoad::Connection {
 public:
  Connection(SingleLoad& load, const std::string& address)
      : load_(load), address_(address), socket_(ConnectTo(address)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    MustBeWell(nghttp2_session_callbacks_new(&callbacks));
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
    MustBeWell(nghttp2_session_client_new(&session_, callbacks, this));
    nghttp2_session_callbacks_del(callbacks);
    MustBeWell(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0));
  }
  ~Connection() {
    nghttp2_session_del(session_);
    close(socket_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int socket() const { return socket_; }

  // To be sent by Send().
  void Begin(Call& call) {
    call.rows.Renew();
    const v1::RecordOutcomesRequest& request = call.rows.request();
    const auto size = static_cast<std::uint32_t>(request.ByteSizeLong());
    call.request = {'\0', static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                    static_cast<char>(size >> 8), static_cast<char>(size)};
    request.AppendToString(&call.request);
    call.sent = 0;
    call.response.clear();
    call.status.clear();
    call.message.clear();
    const std::array headers = {
        Header(":method", "POST"),
        Header(":scheme", "http"),
        Header(":path", "/insightloop.v1.MeasurementService/RecordOutcomes"),
        Header(":authority", address_),
        Header("content-type", "application/grpc"),
        Header("te", "trailers")};
    const nghttp2_data_provider body = {.source = {.ptr = &call}, .read_callback = ReadBody};
    MustBeWell(
        nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &body, &call));
  }

  // Sends all that there is.
  void Send() {
    out_.clear();
    const std::uint8_t* bytes = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(session_, &bytes)) > 0) {
      out_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    MustBeWell(size);
    for (std::string_view left = out_; !left.empty();) {
      const ssize_t sent = send(socket_, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent < 0) Fail(absl::StrCat("cannot send: ", std::strerror(errno)));
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
    if (nghttp2_session_want_read(session_) == 0) Fail("the HTTP/2 session has ended");
  }

  // Takes what has arrived: calls that end begin the next.
  void Receive() {
    const ssize_t size = recv(socket_, in_.data(), in_.size(), 0);
    if (size < 0) Fail(absl::StrCat("cannot receive: ", std::strerror(errno)));
    if (size == 0) Fail("the server has closed the connection");
    MustBeWell(nghttp2_session_mem_recv(session_, in_.data(), static_cast<std::size_t>(size)));
  }

 private:
  static Call& CallOf(nghttp2_session* session, std::int32_t stream) {
    return *static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream));
  }

  static ssize_t ReadBody(nghttp2_session*, std::int32_t, std::uint8_t* buffer, std::size_t room,
                          std::uint32_t* flags, nghttp2_data_source* source, void*) {
    Call& call = *static_cast<Call*>(source->ptr);
    const std::size_t size = call.request.copy(reinterpret_cast<char*>(buffer), room, call.sent);
    call.sent += size;
    if (call.sent == call.request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame,
                      const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                      std::size_t value_size, std::uint8_t, void*) {
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    if (key != "grpc-status" && key != "grpc-message") return 0;
    Call& call = CallOf(session, frame->hd.stream_id);
    (key == "grpc-status" ? call.status : call.message)
        .assign(reinterpret_cast<const char*>(value), value_size);
    return 0;
  }

  static int OnData(nghttp2_session* session, std::uint8_t, std::int32_t stream,
                    const std::uint8_t* bytes, std::size_t size, void*) {
    CallOf(session, stream).response.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }

  static int OnClose(nghttp2_session* session, std::int32_t stream, std::uint32_t error,
                     void* self) {
    Call& call = CallOf(session, stream);
    if (call.status != "0") {
      Fail(absl::StrCat("a call ended with gRPC status '", call.status, "' ", call.message,
                        ", HTTP/2 ", nghttp2_http2_strerror(error)));
    }
    v1::RecordOutcomesResponse response;
    if (call.response.size() < kPrefixBytes ||
        !response.ParseFromString(call.response.substr(kPrefixBytes))) {
      Fail("a call was answered with something else");
    }
    MustBeAccepted(response, 1);
    auto& connection = *static_cast<Connection*>(self);
    connection.load_.BeginNext(connection, call);
    return 0;
  }

  SingleLoad& load_;
  const std::string address_;
  const int socket_;
  nghttp2_session* session_ = nullptr;
  std::array<std::uint8_t, kChunkBytes> in_{};
  std::string out_;
};

SingleLoad::SingleLoad(const std::string& address, const Pool& pool) {
  for (int i = 0; i < BatchLoad::kClients; ++i) {
    connections_.push_back(std::make_unique<Connection>(*this, address));
  }
  for (std::uint32_t i = 0; i < kCallsAtOnce; ++i) {
    calls_.push_back(std::make_unique<Call>(pool, 1'000 + i));
  }
}

SingleLoad::~SingleLoad() = default;

double SingleLoad::Run(std::int64_t outcomes) {
  left_ = outcomes;
  running_ = kCallsAtOnce;
  const auto start = SteadyClock::now();
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    BeginNext(*connections_[i % connections_.size()], *calls_[i]);
  }
  std::vector<pollfd> sockets;
  for (const auto& connection : connections_) {
    connection->Send();
    sockets.push_back({.fd = connection->socket(), .events = POLLIN, .revents = 0});
  }
  while (running_ > 0) {
    if (poll(sockets.data(), sockets.size(), kPatienceMs) <= 0) {
      Fail("calls of one outcome are not answered");
    }
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      if (std::exchange(sockets[i].revents, 0) == 0) continue;
      connections_[i]->Receive();
      connections_[i]->Send();
    }
  }
  return SecondsSince(start);
}

void SingleLoad::BeginNext(Connection& connection, Call& call) {
  if (left_ == 0) {
    --running_;
    return;
  }
  --left_;
  connection.Begin(call);
}

}  // namespace insightloop::bench
