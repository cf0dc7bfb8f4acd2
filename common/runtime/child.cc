#include "common/runtime/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "common/runtime/clock.h"

extern char** environ;

namespace sheaf {

namespace {

/// posix_spawn's two objects, freed on every way out.
struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

Duration duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

std::optional<ChildExit> wait_once(pid_t pid, int options) {
  int status = 0;
  rusage usage{};
  pid_t ended = 0;
  do {
    ended = ::wait4(pid, &status, options, &usage);
  } while (ended < 0 && errno == EINTR);
  if (ended <= 0) return std::nullopt;
  ChildExit exit;
  exit.pid = ended;
  if (WIFEXITED(status)) exit.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
  exit.peak_memory_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  exit.user = duration_of(usage.ru_utime);
  exit.system = duration_of(usage.ru_stime);
  return exit;
}

/// As exec wants them. They point into `texts`.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 2);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::string ChildExit::text() const {
  if (signal != 0) return "was ended by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
  return "exited with code " + std::to_string(code);
}

Result<pid_t> start_child(const ChildRequest& request) {
  pid_t pid = 0;
  const int error = try_start_child(request, pid);
  if (error != 0) return fail(ErrorCode::kFailed, "cannot start: " + errno_text(error), request.program);
  return pid;
}

int try_start_child(const ChildRequest& request, pid_t& pid) {
  SpawnSettings settings;
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  posix_spawnattr_setpgroup(&settings.attributes, 0);
  posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  if (!request.directory.empty()) posix_spawn_file_actions_addchdir_np(&settings.actions, request.directory.c_str());
  if (request.stdin_fd) {
    posix_spawn_file_actions_adddup2(&settings.actions, *request.stdin_fd, 0);
  } else {
    posix_spawn_file_actions_addopen(&settings.actions, 0, "/dev/null", O_RDONLY, 0);
  }
  if (request.stdout_fd) posix_spawn_file_actions_adddup2(&settings.actions, *request.stdout_fd, 1);
  if (request.stderr_fd) posix_spawn_file_actions_adddup2(&settings.actions, *request.stderr_fd, 2);

  // Copies far above the targets, so that laying out 3, 4, ... never overwrites a source that is still to be laid out.
  std::vector<Fd> copies;
  int target = 3;
  for (const int descriptor : request.descriptors) {
    copies.emplace_back(::fcntl(descriptor, F_DUPFD_CLOEXEC, 32));
    if (!copies.back().is_open()) return errno;
    posix_spawn_file_actions_adddup2(&settings.actions, copies.back().get(), target++);
  }
  // Ours are all close-on-exec; this is for those that sheaf was itself started with.
  posix_spawn_file_actions_addclosefrom_np(&settings.actions, target);

  std::vector<char*> arguments = pointers_to(request.arguments);
  arguments.insert(arguments.begin(), const_cast<char*>(request.program.c_str()));
  std::vector<char*> variables;
  if (request.environment) variables = pointers_to(*request.environment);
  const auto spawn = request.is_searched ? ::posix_spawnp : ::posix_spawn;
  return spawn(&pid, request.program.c_str(), &settings.actions, &settings.attributes, arguments.data(),
               request.environment ? variables.data() : environ);
}

std::optional<ChildExit> poll_child(pid_t pid) {
  return wait_once(pid, WNOHANG);
}
std::optional<ChildExit> poll_any_child() {
  return wait_once(-1, WNOHANG);
}

std::optional<pid_t> find_ended_child() {
  siginfo_t info{};
  if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return std::nullopt;
  return info.si_pid;
}

ChildExit wait_for_child(pid_t pid) {
  const std::optional<ChildExit> exit = wait_once(pid, 0);
  return exit ? *exit : ChildExit{.pid = pid};
}

void kill_all_children() {
  std::ifstream list("/proc/thread-self/children");
  for (pid_t pid = 0; list >> pid;) ::kill(pid, SIGKILL);
}

void kill_and_reap_all_children() {
  do {
    kill_all_children();
  } while (wait_once(-1, 0));
}

bool wait_for_all_children(SignalFd& signals, Duration limit, WhenSignalled when_signalled, const std::function<void()>& reap) {
  const Instant deadline = now() + limit;
  while (true) {
    reap();
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD) return true;
    const std::int64_t left = milliseconds(deadline - now());
    if (left <= 0) return false;
    pollfd entry{signals.fd(), POLLIN, 0};
    ::poll(&entry, 1, static_cast<int>(left));
    for (int signal = signals.take(); signal != 0; signal = signals.take()) {
      if (signal != SIGCHLD && when_signalled == WhenSignalled::kGiveUp) return false;
    }
  }
}

}  // namespace sheaf
