#pragma once

#include <string>

#include "client/children.h"
#include "common/base/result.h"
#include "common/runtime/private_directory.h"
#include "common/runtime/private_state.h"
#include "common/wire/endpoint.h"

namespace sheaf::client {

/// How big a private cluster is, and where it keeps what it must keep.
struct PrivateClusterRequest {
  std::string kind;      ///< Of the jobs that its worker is to do.
  std::string executor;  ///< The program for them, if it is not that of a kind known to all (a benchmark's own).
  unsigned executors = 1;
  unsigned threads = 1;
  std::string state_path;  ///< "out.mp4.sheaf", absolute; empty: a fresh one that nobody looks for.
  bool allow_commands = false;
};

/// A master and a worker of this command's own, on a socket that only this user can reach: the same programs as in any cluster.
///
/// Its directories vanish with it; take the children down before (the master writes into them).
class PrivateCluster {
 public:
  /// Errors: as PrivateState::open(), PrivateDirectory::make() and Children::start().
  static Result<PrivateCluster> start(const PrivateClusterRequest& request, Children& children);

  const wire::Endpoint& endpoint() const { return endpoint_; }

 private:
  PrivateCluster(PrivateDirectory sockets, PrivateState state, wire::Endpoint endpoint)
      : sockets_(std::move(sockets)), state_(std::move(state)), endpoint_(std::move(endpoint)) {}

  PrivateDirectory sockets_;
  PrivateState state_;
  wire::Endpoint endpoint_;
};

}  // namespace sheaf::client
