#pragma once

#include <optional>
#include <string>

#include "common/net/channel.h"
#include "common/net/key_directory.h"
#include "common/runtime/fd.h"
#include "common/runtime/signals.h"
#include "master/io/hub.h"
#include "master/io/stage_children.h"

namespace sheaf::master {

struct ServerOptions {
  wire::Endpoint listen;
  std::string state;
  std::optional<net::KeyDirectory> keys;  ///< Who may connect; empty: who reaches the socket. Read anew on SIGHUP.
  bool has_lifeline = false;              ///< Started by another program of sheaf: it leaves when that one has gone.
  Duration lease = wire::kLease;
  bool warn_insecure = false;  ///< Says every minute that anybody may connect.
};

/// The master's one thread: waits for messages, signals and children, and drives the hub. Returns the exit code; errors at the
/// start are results, later ones are logged.
Result<int> serve(const ServerOptions& options, SignalFd& signals);

}  // namespace sheaf::master
