#include "worker/spawner/spawner.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <vector>

#include "common/base/time.h"
#include "common/local/local_stream.h"
#include "common/runtime/child.h"
#include "common/runtime/signals.h"
#include "common/wire/message.h"
#include "worker/spawner/stderr_tap.h"

namespace sheaf::worker {

namespace {

/// The spawner's one loop.
class SpawnerLoop {
 public:
  SpawnerLoop(Fd socket, SignalFd signals, Pipe lifeline)
      : link_(std::move(socket)), signals_(std::move(signals)), lifeline_(std::move(lifeline)) {}

  void run() {
    while (step()) {
    }
    for (const auto& [id, child] : children_) ::kill(-child.pid, SIGKILL);
    for (const auto& [id, child] : children_) wait_for_child(child.pid);
  }

 private:
  struct Child {
    pid_t pid = 0;
    StderrTap errors;
    bool errors_open = true;
  };

  /// False when the link is gone.
  bool step() {
    std::vector<pollfd> polled;
    polled.push_back({link_.fd(), static_cast<short>(link_.has_queued() ? POLLIN | POLLOUT : POLLIN), 0});
    polled.push_back({signals_.fd(), POLLIN, 0});
    for (const auto& [id, child] : children_) {
      if (child.errors_open) polled.push_back({child.errors.fd(), POLLIN, 0});
    }
    if (::poll(polled.data(), polled.size(), -1) < 0) return errno == EINTR;

    for (auto& [id, child] : children_) {
      if (child.errors_open) child.errors_open = child.errors.drain();
    }
    while (signals_.take() != 0) {
      // SIGCHLD only says that somebody may have ended; SIGINT and SIGTERM are the link's to answer.
    }
    while (const std::optional<ChildExit> exit = poll_any_child()) report(*exit);
    if (polled[0].revents != 0 && !read_link()) return false;
    return link_.flush().has_value();
  }

  bool read_link() {
    if (!link_.fill()) return false;
    while (true) {
      auto frame = link_.next();
      if (!frame) return false;
      if (!frame->has_value()) return true;
      const v1::LocalMessage& message = (*frame)->message;
      if (message.has_spawn()) spawn(message.spawn());
      if (message.has_lease()) lease_until_ = Instant(Duration(message.lease().until_ns()));
      if (message.has_kill()) {
        const auto found = children_.find(message.kill().id());
        if (found != children_.end()) ::kill(-found->second.pid, SIGKILL);
      }
    }
  }

  void spawn(const v1::Spawn& request) {
    local::LocalFrame answer;
    v1::Spawned& spawned = *answer.message.mutable_spawned();
    spawned.set_id(request.id());
    auto started = start(request, answer.file);
    if (started) {
      spawned.set_pid(*started);
    } else {
      *spawned.mutable_fault() = wire::to_wire(started.error());
    }
    link_.queue(std::move(answer));
  }

  /// Starts it and puts the link's end of its socket into `link_end`.
  Result<pid_t> start(const v1::Spawn& request, Fd& link_end) {
    auto sockets = make_socketpair();
    if (!sockets) return propagate(sockets);
    auto errors = make_pipe();
    if (!errors) return propagate(errors);
    ChildRequest child;
    child.program = request.program();
    child.arguments.assign(request.arguments().begin(), request.arguments().end());
    child.descriptors = {lifeline_.read.get(), sockets->second.get()};
    child.stderr_fd = errors->write.get();
    auto pid = start_child(child);
    if (!pid) return propagate(pid);
    link_end = std::move(sockets->first);
    children_.emplace(request.id(), Child{*pid, StderrTap(std::move(errors->read))});
    return *pid;
  }

  void report(const ChildExit& exit) {
    const auto found =
        std::find_if(children_.begin(), children_.end(), [&](const auto& entry) { return entry.second.pid == exit.pid; });
    if (found == children_.end()) return;
    Child& child = found->second;
    // What it wrote last is in the pipe. Whoever else holds that pipe open is not waited for.
    if (child.errors_open) child.errors.drain();
    local::LocalFrame frame;
    v1::Exited& exited = *frame.message.mutable_exited();
    exited.set_id(found->first);
    exited.set_exit_code(exit.code);
    exited.set_signal(exit.signal);
    exited.set_peak_memory_bytes(exit.peak_memory_bytes);
    exited.set_stderr_tail(child.errors.tail());
    link_.queue(std::move(frame));
    children_.erase(found);
  }

  local::LocalStream link_;
  SignalFd signals_;
  Pipe lifeline_;  ///< Each child holds the read end; the write end is only here.
  std::map<std::uint64_t, Child> children_;
  Instant lease_until_{};  ///< What may not run in two copies may run until then.
};

}  // namespace

void run_spawner(Fd socket) {
  auto signals = SignalFd::open(SignalFd::Children::kReport);
  auto lifeline = make_pipe();
  if (!signals || !lifeline) return;  // The link sees the socket close.
  SpawnerLoop(std::move(socket), std::move(*signals), std::move(*lifeline)).run();
}

Result<Spawner> start_spawner() {
  auto sockets = make_socketpair();
  if (!sockets) return propagate(sockets);
  const pid_t pid = ::fork();
  if (pid < 0) return fail(ErrorCode::kFailed, "cannot start a process: " + errno_text(errno));
  if (pid == 0) {
    sockets->first.reset();
    // Out of the terminal's group: Ctrl-C is for the link, which then sees to the executors.
    ::setpgid(0, 0);
    ::prctl(PR_SET_NAME, "sheaf-spawner");
    run_spawner(std::move(sockets->second));
    ::_exit(0);
  }
  return Spawner{std::move(sockets->first), pid};
}

}  // namespace sheaf::worker
