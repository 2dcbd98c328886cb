// SPDX-License-Identifier: Apache-2.0

#include "api/listen_address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/domain/absl_view.h"
#include "engine/domain/error.h"

namespace insightloop::api {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr int kMaxPort = 65'535;

absl::Status Invalid(std::string_view text) {
  return InvalidField("INVALID_ADDRESS", "listen",
                      absl::StrCat(Quoted(text),
                                   " is no address; give HOST:PORT such as "
                                   "127.0.0.1:50051 or [::1]:50051, or unix:PATH"));
}

absl::Status InUse(std::string_view address, std::string_view remedy) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat(AbslView(address), " is taken by another program; ", AbslView(remedy)),
      {.reason = "ADDRESS_IN_USE", .metadata = {{"address", std::string(address)}}});
}

absl::Status NotUsable(std::string_view address, std::string_view why) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat("cannot listen on ", AbslView(address), ": ", AbslView(why),
                   "; choose another address with --listen"),
      {.reason = "ADDRESS_NOT_USABLE", .metadata = {{"address", std::string(address)}}});
}

// A socket that closes itself.
class Socket {
 public:
  Socket(int family, int type) : fd_(socket(family, type | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

absl::Status CheckPathFree(const ListenAddress& address) {
  const std::string& path = address.unix_path;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) {
    return NotUsable(address.ToString(),
                     absl::StrCat("the path is longer than ", sizeof name.sun_path - 1, " bytes"));
  }
  struct stat entry {};
  if (lstat(path.c_str(), &entry) != 0) return absl::OkStatus();  // a new one will be made
  if (!S_ISSOCK(entry.st_mode)) {
    return NotUsable(address.ToString(), "there is a file of that name, which is no socket");
  }
  // A socket that nobody answers was left behind by a server that died; it will be replaced.
  std::memcpy(name.sun_path, path.data(), path.size());
  const Socket socket(AF_UNIX, SOCK_STREAM);
  if (socket.fd() >= 0 &&
      connect(socket.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) {
    return InUse(address.ToString(), "stop that server, or choose another path with --listen");
  }
  return absl::OkStatus();
}

absl::Status CheckPortFree(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (failure != 0) return NotUsable(address.ToString(), gai_strerror(failure));

  absl::Status status;
  bool usable = false;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const Socket socket(at->ai_family, at->ai_socktype);
    if (socket.fd() < 0) continue;  // a family that this machine does not have
    const int on = 1;
    setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at->ai_family == AF_INET6) {
      setsockopt(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (bind(socket.fd(), at->ai_addr, at->ai_addrlen) == 0 && listen(socket.fd(), 1) == 0) {
      usable = true;
      continue;
    }
    if (errno == EADDRINUSE) {
      status = InUse(address.ToString(),
                     absl::StrCat("stop the program on port ", address.port,
                                  ", or choose another port with --listen HOST:PORT"));
      usable = true;
      break;
    }
    status = NotUsable(address.ToString(), std::strerror(errno));
  }
  freeaddrinfo(found);
  if (!usable && status.ok()) status = NotUsable(address.ToString(), "it has no address here");
  // One address of several that cannot be used (such as ::1 where there is no IPv6) does no harm.
  return usable && DetailsOf(status).reason != "ADDRESS_IN_USE" ? absl::OkStatus() : status;
}

}  // namespace

bool ListenAddress::IsLocal() const {
  if (!unix_path.empty() || host == "localhost" || host == "::1") return true;
  std::string_view rest = host;
  if (!rest.starts_with("127.")) return false;
  return rest.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string ListenAddress::ToString(int bound_port) const {
  if (!unix_path.empty()) return absl::StrCat(AbslView(kUnixPrefix), unix_path);
  const bool ipv6 = host.find(':') != std::string::npos;
  return absl::StrCat(ipv6 ? "[" : "", host, ipv6 ? "]:" : ":",
                      bound_port != 0 ? bound_port : port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  ListenAddress address;
  if (text.starts_with(kUnixPrefix)) {
    address.unix_path = text.substr(kUnixPrefix.size());
    if (address.unix_path.empty()) return Invalid(text);
    return address;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Invalid(text);
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const std::string_view port = text.substr(colon + 1);
  if (host.empty() || port.empty() ||
      port.find_first_not_of("0123456789") != std::string_view::npos ||
      !absl::SimpleAtoi(AbslView(port), &address.port) || address.port > kMaxPort ||
      bracketed != (host.find(':') != std::string_view::npos)) {
    return Invalid(text);
  }
  address.host = host;
  return address;
}

absl::Status CheckFree(const ListenAddress& address) {
  return address.unix_path.empty() ? CheckPortFree(address) : CheckPathFree(address);
}

}  // namespace insightloop::api
