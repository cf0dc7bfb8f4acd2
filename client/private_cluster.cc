#include "client/private_cluster.h"

#include <csignal>

#include "common/runtime/files.h"

namespace sheaf::client {

Result<PrivateCluster> PrivateCluster::start(const PrivateClusterRequest& request, Children& children) {
  auto state = request.state_path.empty() ? PrivateState::make(scratch_directory()) : PrivateState::open(request.state_path);
  if (!state) return propagate(state);
  auto sockets = PrivateDirectory::make();
  if (!sockets) return propagate(sockets);
  auto endpoint = wire::parse_endpoint("ipc://" + sockets->path() + "/master.sock");
  if (!endpoint) return propagate(endpoint);

  const std::vector<std::string> master = {"--listen", endpoint->address, "--state", state->path(), "--lifeline"};
  // SIGINT tells a worker to leave at once; SIGTERM would let it finish what it runs, for a command that is over.
  const bool is_own_executor = !request.executor.empty();
  std::vector<std::string> worker = {"--master",
                                     endpoint->address,
                                     "--workers",
                                     std::to_string(request.executors),
                                     "--threads",
                                     std::to_string(request.threads),
                                     is_own_executor ? "--executor" : "--kind",
                                     is_own_executor ? request.executor : request.kind,
                                     "--lifeline"};
  if (request.allow_commands) worker.emplace_back("--allow-commands");
  if (auto started = children.start({"sheaf-master", master, SIGTERM, {}, {}}); !started) return propagate(started);
  if (auto started = children.start({"sheaf-worker", worker, SIGINT, {}, {}}); !started) {
    children.take_down();  // Before the master's directories go.
    return propagate(started);
  }
  return PrivateCluster(std::move(*sockets), std::move(*state), std::move(*endpoint));
}

}  // namespace sheaf::client
