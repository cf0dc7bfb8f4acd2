#pragma once

#include <optional>
#include <string>

#include "common/base/result.h"

namespace sheaf::wire {

/// Who connects, and to whom: 40 characters of Z85 each.
struct CurveKeys {
  std::string server_key;  ///< The master's public one.
  std::string public_key;
  std::string secret_key;
};

/// Where a master listens: "ipc:///run/user/1000/sheaf/master.sock" or "tcp://127.0.0.1:7077".
struct Endpoint {
  std::string address;            ///< As ZeroMQ takes it.
  std::string ipc_path;           ///< Only with ipc://.
  std::optional<CurveKeys> keys;  ///< Of who connects there; only with tcp://. Empty: without keys.

  bool is_ipc() const { return !ipc_path.empty(); }
  /// Nobody can listen in, or answer in the master's place.
  bool is_protected() const { return is_ipc() || keys.has_value(); }
};

/// Errors: kUsage for other transports, a missing port, and an ipc path beyond 107 bytes.
Result<Endpoint> parse_endpoint(const std::string& text);

/// Nothing listens beyond this user without keys: TCP without them, on the loopback too, must be asked for by name.
/// Errors: kUsage unless `endpoint` is protected or `insecure` is set.
Status check_protection(const Endpoint& endpoint, bool insecure);

/// The endpoint of a master that was started by hand without one, and of those who look for it: "master.sock" in the user's own
/// socket directory. Errors as user_socket_directory().
Result<Endpoint> default_endpoint();

}  // namespace sheaf::wire
