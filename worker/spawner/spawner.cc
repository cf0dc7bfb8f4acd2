#include "worker/spawner/spawner.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <optional>
#include <vector>

#include "common/base/time.h"
#include "common/local/local_stream.h"
#include "common/runtime/child.h"
#include "common/runtime/clock.h"
#include "common/runtime/signals.h"
#include "common/wire/message.h"
#include "worker/spawner/commands.h"
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
    commands_.end_all(now());
    while (commands_.has_any()) {
      wait({});
      drain_errors();
      commands_.on_time(now());
      reap();
    }
    kill_and_reap_all_children();  // Also what has left the group that it was started in.
  }

 private:
  struct Child {
    pid_t pid = 0;
    StderrTap errors;
    bool errors_open = true;
    std::optional<local::LocalStream> commands{};  ///< From one that may start some.
    std::size_t commands_polled_at = 0;            ///< 0: not watched.
    std::optional<ChildExit> exit{};               ///< It has ended, and its commands have not.
  };

  /// False when the link is gone.
  bool step() {
    const std::vector<pollfd> polled =
        wait({pollfd{link_.fd(), static_cast<short>(link_.has_queued() ? POLLIN | POLLOUT : POLLIN), 0}});
    // First: a lease that was renewed while this process could not look is not over, and covers what was given after it.
    if (polled[0].revents != 0 && !read_link()) return false;
    commands_.after_poll(polled, now());
    commands_.on_time(now());
    drain_errors();
    for (auto& [id, child] : children_) {
      const bool is_readable = child.commands_polled_at != 0 && polled[child.commands_polled_at].revents != 0;
      if (is_readable && !read_commands(id, child)) {
        // What it asked for is not known to both any more. It ends, and the link hears of its jobs.
        ::kill(-child.pid, SIGKILL);
        child.commands.reset();
        commands_.end_all_of(id, now());
      }
    }
    reap();
    return link_.flush().has_value();
  }

  /// Waits for whatever this loop waits for behind `polled`. Returns all, as it was found.
  std::vector<pollfd> wait(std::vector<pollfd> polled) {
    polled.push_back({signals_.fd(), POLLIN, 0});
    for (auto& [id, child] : children_) {
      if (child.errors_open) polled.push_back({child.errors.fd(), POLLIN, 0});
      child.commands_polled_at = child.commands ? polled.size() : 0;
      if (child.commands) polled.push_back({child.commands->fd(), POLLIN, 0});
    }
    commands_.add_to(polled);
    int timeout = -1;
    if (const auto deadline = commands_.next_deadline()) {
      timeout = static_cast<int>(std::max<std::int64_t>(milliseconds(*deadline - now()) + 1, 0));
    }
    if (::poll(polled.data(), polled.size(), timeout) < 0) {
      for (pollfd& entry : polled) entry.revents = 0;
    }
    while (signals_.take() != 0) {
      // SIGCHLD only says that somebody may have ended; SIGINT and SIGTERM are the link's to answer.
    }
    return polled;
  }

  void drain_errors() {
    for (auto& [id, child] : children_) {
      if (child.errors_open) child.errors_open = child.errors.drain();
    }
  }

  void reap() {
    while (const std::optional<pid_t> pid = find_ended_child()) {
      if (!commands_.on_ended_child(*pid)) on_ended(*pid);
    }
    for (auto child = children_.begin(); child != children_.end();) {
      const bool is_over = child->second.exit && !commands_.has_any_of(child->first);
      if (is_over) report(child->first, child->second);
      child = is_over ? children_.erase(child) : std::next(child);
    }
  }

  void on_ended(pid_t pid) {
    const std::optional<ChildExit> exit = poll_child(pid);
    const auto found =
        std::find_if(children_.begin(), children_.end(), [&](const auto& entry) { return entry.second.pid == pid; });
    if (found == children_.end() || !exit) return;
    found->second.exit = exit;
    found->second.commands.reset();
    commands_.end_all_of(found->first, now());
  }

  bool read_link() {
    if (!link_.fill()) return false;
    while (true) {
      auto frame = link_.next();
      if (!frame) return false;
      if (!frame->has_value()) return true;
      const v1::LocalMessage& message = (*frame)->message;
      if (message.has_spawn()) spawn(message.spawn());
      if (message.has_lease()) commands_.set_lease(Instant(Duration(message.lease().until_ns())));
      if (message.has_kill()) {
        const auto found = children_.find(message.kill().id());
        if (found != children_.end() && !found->second.exit) ::kill(-found->second.pid, SIGKILL);
      }
    }
  }

  /// False when the executor has closed its end or talks nonsense.
  bool read_commands(OwnerId owner, Child& child) {
    const Status filled = child.commands->fill();
    while (true) {
      auto frame = child.commands->next();
      if (!frame) return false;
      if (!frame->has_value()) return filled.has_value();
      const bool is_command = (*frame)->message.start_command().arguments_size() > 0;
      if (!is_command) return false;
      commands_.start(owner, std::move(**frame), now());
    }
  }

  void spawn(const v1::Spawn& request) {
    local::LocalFrame answer;
    v1::Spawned& spawned = *answer.message.mutable_spawned();
    spawned.set_id(request.id());
    Fd link_end;
    auto started = start(request, link_end);
    if (started) {
      spawned.set_pid(*started);
      answer.files.push_back(std::move(link_end));
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
    std::pair<Fd, Fd> commands;
    if (request.may_start_commands()) {
      auto made = make_socketpair();
      if (!made) return propagate(made);
      commands = std::move(*made);
      child.descriptors.push_back(commands.second.get());
    }
    auto pid = start_child(child);
    if (!pid) return propagate(pid);
    link_end = std::move(sockets->first);
    Child started{.pid = *pid, .errors = StderrTap(std::move(errors->read))};
    if (request.may_start_commands()) started.commands.emplace(std::move(commands.first));
    children_.emplace(request.id(), std::move(started));
    return *pid;
  }

  void report(OwnerId id, Child& child) {
    // What it wrote last is in the pipe. Whoever else holds that pipe open is not waited for.
    if (child.errors_open) child.errors.drain();
    local::LocalFrame frame;
    v1::Exited& exited = *frame.message.mutable_exited();
    exited.set_id(id);
    exited.set_exit_code(child.exit->code);
    exited.set_signal(child.exit->signal);
    exited.set_peak_memory_bytes(child.exit->peak_memory_bytes);
    exited.set_stderr_tail(child.errors.tail());
    link_.queue(std::move(frame));
  }

  local::LocalStream link_;
  SignalFd signals_;
  Pipe lifeline_;  ///< Each child holds the read end; the write end is only here.
  std::map<OwnerId, Child> children_;
  Commands commands_;
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
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // Whatever a command starts is ended from here, however far down it is.
    run_spawner(std::move(sockets->second));
    ::_exit(0);
  }
  return Spawner{std::move(sockets->first), pid};
}

}  // namespace sheaf::worker
