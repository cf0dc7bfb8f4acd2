#include "worker/spawner/commands.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>

#include "common/runtime/log.h"

namespace sheaf::worker {

namespace {

/// Of a name that is told; the whole packet is read in one piece.
constexpr std::size_t kFaultNameBytesMax = 900;

/// From SIGTERM to SIGKILL.
constexpr Duration kEndGrace = std::chrono::seconds(1);

/// Without which most programs cannot find others, their user's files, or the letters of his language.
constexpr std::array<std::string_view, 7> kLeastVariables = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR"};

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

/// `inherited` with `given` beside it, or in place of what has the same name.
std::vector<std::string> with_given(std::vector<std::string> inherited, const v1::StartCommand& request) {
  for (const std::string& given : request.environment()) {
    const auto same = std::find_if(inherited.begin(), inherited.end(),
                                   [&](const std::string& one) { return name_of(one) == name_of(given); });
    if (same != inherited.end()) {
      *same = given;
    } else {
      inherited.push_back(given);
    }
  }
  return inherited;
}

/// What a command has of memory is known only beyond this. It shares all of ours until it becomes another program, and the
/// system counts that, not quite to the byte.
std::uint64_t hidden_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const std::uint64_t own = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  return own + own / 8 + 1024 * 1024;
}

/// Nobody may be left to read it.
void tell(const Fd& control, const v1::CommandEnded& ended) {
  const std::string bytes = ended.SerializeAsString();
  ::send(control.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/// The command's group, and the command, which may have gone to another one.
void signal_all(pid_t pid, int signal) {
  ::kill(-pid, signal);
  ::kill(pid, signal);
}

std::uint64_t nanoseconds(Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count());
}

}  // namespace

Commands::Commands() {
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view name = name_of(*variable);
    if (name == kPrivateLogVariable) continue;  // Between sheaf's own processes.
    environment_.emplace_back(*variable);
    if (std::find(kLeastVariables.begin(), kLeastVariables.end(), name) != kLeastVariables.end()) {
      least_environment_.emplace_back(*variable);
    }
  }
}

void Commands::start(OwnerId owner, local::LocalFrame frame, Instant now) {
  if (is_lease_over(now)) {
    v1::CommandEnded not_started;
    not_started.set_is_lease_over(true);
    return tell(frame.files[2], not_started);
  }
  Command command;
  command.owner = owner;
  pid_t pid = 0;
  v1::CommandEnded not_started;
  const int error = try_start(frame.message.start_command(), frame, pid, *not_started.mutable_fault());
  command.control = std::move(frame.files[2]);
  if (error != 0) {
    not_started.set_start_error(error);
    tell(command.control, not_started);
    return;
  }
  commands_.emplace(pid, std::move(command));
}

int Commands::try_start(const v1::StartCommand& request, const local::LocalFrame& frame, pid_t& pid, std::string& fault) const {
  ChildRequest child;
  child.program = request.arguments(0);
  child.arguments.assign(request.arguments().begin() + 1, request.arguments().end());
  child.is_searched = true;
  child.directory = request.directory();
  child.environment = with_given(request.clears_environment() ? least_environment_ : environment_, request);
  child.stdout_fd = frame.files[0].get();
  child.stderr_fd = frame.files[1].get();
  int error = try_start_child(child, pid);
  if (error == ENOEXEC) {
    // Without a first line that names an interpreter: every shell takes such a file for its own.
    child.arguments.insert(child.arguments.begin(), {"-c", "exec \"$0\" \"$@\"", child.program});
    child.program = "/bin/sh";
    error = try_start_child(child, pid);
  }
  struct stat status {};
  if (error == ENOENT && !child.directory.empty() && ::stat(child.directory.c_str(), &status) != 0) {
    fault = child.directory.substr(0, kFaultNameBytesMax) + ": no such directory to run in";
  }
  return error;
}

void Commands::add_to(std::vector<pollfd>& polled) {
  for (auto& [pid, command] : commands_) {
    command.polled_at = 0;
    if (command.kill_at) continue;
    command.polled_at = polled.size();
    polled.push_back({command.control.get(), POLLIN, 0});
  }
}

void Commands::after_poll(const std::vector<pollfd>& polled, Instant now) {
  for (auto& [pid, command] : commands_) {
    // Nothing ever comes on it but its end.
    if (command.polled_at != 0 && polled[command.polled_at].revents != 0) ask_to_end(pid, command, now);
  }
}

void Commands::on_time(Instant now) {
  const bool has_no_lease = is_lease_over(now);
  for (auto& [pid, command] : commands_) {
    if (has_no_lease && !command.kill_at) {
      command.is_lease_over = true;
      ask_to_end(pid, command, now);
    }
    if (!command.kill_at || now < *command.kill_at) continue;
    signal_all(pid, SIGKILL);
    command.kill_at = now + kEndGrace;  // It ends as soon as the kernel lets it.
  }
}

std::optional<Instant> Commands::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& [pid, command] : commands_) {
    const std::optional<Instant> deadline = command.kill_at ? command.kill_at : lease_until_;
    if (deadline && (!next || *deadline < *next)) next = deadline;
  }
  return next;
}

bool Commands::on_ended_child(pid_t pid) {
  const auto found = commands_.find(pid);
  if (found == commands_.end()) return false;
  // While the leader is not reaped, its number is nobody else's.
  ::kill(-pid, SIGKILL);
  const std::optional<ChildExit> exit = poll_child(pid);
  v1::CommandEnded ended;
  if (exit) {
    ended.set_is_lease_over(found->second.is_lease_over);
    ended.set_exit_code(exit->code);
    ended.set_signal(exit->signal);
    ended.set_user_nanoseconds(nanoseconds(exit->user));
    ended.set_system_nanoseconds(nanoseconds(exit->system));
    if (exit->peak_memory_bytes > hidden_bytes()) ended.set_peak_memory_bytes(exit->peak_memory_bytes);
  }
  tell(found->second.control, ended);
  commands_.erase(found);
  return true;
}

void Commands::ask_to_end(pid_t pid, Command& command, Instant now) {
  if (command.kill_at) return;
  signal_all(pid, SIGTERM);
  signal_all(pid, SIGCONT);  // One that is stopped could not end.
  command.kill_at = now + kEndGrace;
}

void Commands::end_all_of(OwnerId owner, Instant now) {
  for (auto& [pid, command] : commands_) {
    if (command.owner == owner) ask_to_end(pid, command, now);
  }
}

void Commands::end_all(Instant now) {
  for (auto& [pid, command] : commands_) ask_to_end(pid, command, now);
}

bool Commands::has_any_of(OwnerId owner) const {
  return std::any_of(commands_.begin(), commands_.end(), [&](const auto& entry) { return entry.second.owner == owner; });
}

}  // namespace sheaf::worker
