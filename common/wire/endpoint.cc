#include "common/wire/endpoint.h"

#include <charconv>
#include <string_view>

#include "common/runtime/private_directory.h"

namespace sheaf::wire {

namespace {

constexpr std::size_t kIpcPathMax = 107;  // sun_path of AF_UNIX, less its terminating zero.
constexpr char kAdvice[] = "write it like ipc:///run/user/1000/sheaf/master.sock or tcp://127.0.0.1:7077";

bool is_port(std::string_view text) {
  if (text == "*") return true;
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

}  // namespace

Result<Endpoint> parse_endpoint(const std::string& text) {
  if (text.starts_with("ipc://")) {
    const std::string path = text.substr(6);
    if (path.empty() || path[0] != '/')
      return fail(ErrorCode::kUsage, "the path of an ipc endpoint starts with /", text, kAdvice);
    if (path.size() > kIpcPathMax) {
      return fail(ErrorCode::kUsage, "the path of an ipc endpoint has at most 107 bytes", text, "choose a shorter one");
    }
    return Endpoint{text, path, {}};
  }
  if (text.starts_with("tcp://")) {
    const std::string rest = text.substr(6);
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string::npos || colon == 0 || !is_port(std::string_view(rest).substr(colon + 1))) {
      return fail(ErrorCode::kUsage, "is no host and port", text, kAdvice);
    }
    return Endpoint{text, {}, {}};
  }
  return fail(ErrorCode::kUsage, "is no endpoint", text, kAdvice);
}

Status check_protection(const Endpoint& endpoint, bool insecure) {
  if (endpoint.is_protected() || insecure) return {};
  return fail(ErrorCode::kUsage, "TCP without keys lets everybody in who reaches the port", endpoint.address,
              "use keys (`sheaf keygen`; --join FILE), an ipc:// endpoint, or add --insecure if that is meant");
}

Result<Endpoint> default_endpoint() {
  auto directory = user_socket_directory();
  if (!directory) return propagate(directory);
  return parse_endpoint("ipc://" + *directory + "/master.sock");
}

}  // namespace sheaf::wire
