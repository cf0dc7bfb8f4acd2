#pragma once

#include <string>

namespace sheaf::wire {

/// What a key is for: docs/PROTOCOL.md, "Who may send what".
enum class KeyRole {
  kEverything,  ///< There are no keys: whoever reaches the socket is this user, or was let in with --insecure.
  kWorker,      ///< Does jobs.
  kClient,      ///< Submits runs, and cuts and binds them.
  kAdmin,       ///< As a client.
  kObserver,    ///< Looks on.
};

/// Whose key a connection has shown. Several processes may share a key: a key is a principal, a session is one of them.
struct Principal {
  std::string key;   ///< The public one, Z85; empty where there are no keys.
  std::string name;  ///< As `sheaf keygen` has it; empty where there are no keys.
  KeyRole role = KeyRole::kEverything;

  bool operator==(const Principal&) const = default;
};

}  // namespace sheaf::wire
