#include "tests/e2e/support/cluster.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace sheaf::e2e {

namespace {

bool descends_from(pid_t pid, pid_t ancestor, const std::vector<ProcessInfo>& all) {
  while (pid != ancestor) {
    const auto one = std::find_if(all.begin(), all.end(), [&](const ProcessInfo& info) { return info.pid == pid; });
    if (one == all.end()) return false;
    pid = one->parent;
  }
  return true;
}

}  // namespace

bool is_listening(const std::string& socket_path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path.c_str(), sizeof address.sun_path - 1);
  const bool is_there = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return is_there;
}

Process ClusterTest::start_master() const {
  Process master = Process::start(command({program("sheaf-master"), "--listen", endpoint(), "--state", path("master")}));
  master.wait_until([&] { return is_listening(path("run/master.sock")); }, "the master listens");
  return master;
}

Process ClusterTest::start_worker(const std::vector<std::string>& options) const {
  std::vector<std::string> words = {program("sheaf-worker"), "--master", endpoint(), "--workers", "1"};
  words.insert(words.end(), options.begin(), options.end());
  return Process::start(command(std::move(words)));
}

Process ClusterTest::start_video(const std::string& input, const std::string& output,
                                 const std::vector<std::string>& options) const {
  std::vector<std::string> words = {"video", input, "-o", output, "--master", endpoint()};
  words.insert(words.end(), options.begin(), options.end());
  return Process::start(sheaf(words));
}

std::vector<ProcessInfo> ClusterTest::executors_of(const Process& worker) const {
  const std::vector<ProcessInfo> all = processes();
  std::vector<ProcessInfo> executors = of_program(all, "sheaf-executor-video");
  std::erase_if(executors, [&](const ProcessInfo& one) { return !descends_from(one.pid, worker.pid(), all); });
  return executors;
}

bool ClusterTest::is_busy(const Process& worker) const {
  const auto executors = executors_of(worker);
  return std::any_of(executors.begin(), executors.end(), [](const ProcessInfo& one) { return one.has_job; });
}

}  // namespace sheaf::e2e
