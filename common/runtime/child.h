#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/runtime/fd.h"
#include "common/runtime/signals.h"

namespace sheaf {

/// What to start, and with which descriptors.
struct ChildRequest {
  std::string program;                 ///< Path.
  std::vector<std::string> arguments;  ///< Without the program's name.
  bool is_searched = false;            ///< A program without a slash in its name is looked for in $PATH.
  std::string directory;               ///< Where it runs; empty: where the caller does.
  /// NAME=value of all that it gets; default: the caller's.
  std::optional<std::vector<std::string>> environment;
  /// Becomes descriptor 3, 4, ... of the child; all others but 0, 1, 2 are closed. They stay the caller's.
  std::vector<int> descriptors;
  std::optional<int> stdin_fd;   ///< Default: /dev/null.
  std::optional<int> stdout_fd;  ///< Default: the caller's.
  std::optional<int> stderr_fd;  ///< Default: the caller's.
};

/// How a child ended.
struct ChildExit {
  pid_t pid = 0;
  int code = 0;                         ///< Exit code, when it exited by itself.
  int signal = 0;                       ///< The signal that ended it, else 0.
  std::uint64_t peak_memory_bytes = 0;  ///< Also of what started it, before it became another program.
  Duration user{};                      ///< Processor time, with all that it waited for.
  Duration system{};

  /// "exited with code 3", "was ended by signal 9 (Killed)".
  std::string text() const;
};

/// Starts a program in a process group of its own (Ctrl-C at the terminal reaches the command alone, which then sees to the
/// others), with default signal dispositions and nothing blocked. Safe in programs with threads. Errors: kFailed with the
/// program's path.
Result<pid_t> start_child(const ChildRequest& request);
/// The same for who has words of his own for it: 0, or what went wrong as errno says it.
int try_start_child(const ChildRequest& request, pid_t& pid);

/// The state of a child of ours, without blocking: empty while it runs.
std::optional<ChildExit> poll_child(pid_t pid);
/// Any child that has ended; empty when none has.
std::optional<ChildExit> poll_any_child();
/// One that has ended and still is there to be polled, with whatever is left of its process group; empty when none has.
std::optional<pid_t> find_ended_child();
/// Blocks until it ends.
ChildExit wait_for_child(pid_t pid);
/// Ends whatever still has this process as its parent, and does not wait for it.
void kill_all_children();
/// Likewise, and waits until nothing has: also what is orphaned by it, if this process is a subreaper.
void kill_and_reap_all_children();
/// What SIGINT and SIGTERM do to a wait.
enum class WhenSignalled { kGoOn, kGiveUp };
/// Waits until this process has no child any more: true; false when `limit` is over before, or the wait was given up. `reap`
/// takes note of those that have ended: called at the start and after each SIGCHLD, and has to poll them all.
bool wait_for_all_children(SignalFd& signals, Duration limit, WhenSignalled when_signalled, const std::function<void()>& reap);

}  // namespace sheaf
