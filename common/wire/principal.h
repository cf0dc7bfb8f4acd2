#pragma once

#include <string>

namespace sheaf::wire {

/// What a key is for: docs/PROTOCOL.md, "Who may send what".
enum class KeyRole {
  kNobody,      ///< The key opens nothing.
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
  KeyRole role = KeyRole::kNobody;

  bool operator==(const Principal&) const = default;
};

/// Where there are no keys.
inline const Principal kWithoutKeys{{}, {}, KeyRole::kEverything};

}  // namespace sheaf::wire
