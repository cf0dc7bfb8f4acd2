#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/runtime/child.h"
#include "common/runtime/signals.h"

namespace sheaf::client {

/// The processes that a command has started, and all that those have started: when it is gone, none of them is left.
///
/// Each gets a lifeline, so that it leaves however this process ends. Orphans among the grandchildren become children of this
/// process (PR_SET_CHILD_SUBREAPER), so that it can wait for them too. What the children write to stderr is not the user's
/// business unless one of them dies: its last lines are kept as evidence. With SHEAF_LOG set they write to this process's
/// stderr.
///
/// One a process; the main thread makes every call.
class Children {
 public:
  using Index = std::size_t;

  /// `signals` must report children, and outlive this.
  explicit Children(SignalFd& signals);
  ~Children() { take_down(); }
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  /// How one is started.
  struct Request {
    std::string program;  ///< A sister of this one: "sheaf-master".
    std::vector<std::string> arguments;
    int leave_signal = 0;          ///< Asks it to leave at once.
    std::string first_bytes;       ///< Written into its lifeline.
    std::optional<int> own_input;  ///< It has this process's stdin, stdout and stderr, and this descriptor behind its lifeline.
  };
  /// Starts it with a lifeline. Errors: kCluster when it cannot be started.
  Result<Index> start(const Request& how);

  /// One that has ended.
  struct Ended {
    Index child = 0;
    ChildExit exit;
    std::string program;
    std::string last_words;  ///< The last line it wrote to stderr; may be empty.
    /// "sheaf-worker was ended by signal 9 (Killed)", with the last words.
    std::string text() const;
  };
  /// What has ended since the last call, in the order in which it was started. Call it after SIGCHLD.
  std::vector<Ended> reap();

  /// Closes the lifeline of one: it leaves. Nothing happens when it has ended already.
  void let_go(Index child);

  /// The pipes to watch for what the children write, and what to do when one is readable.
  std::vector<int> output_descriptors() const;
  void read_outputs();

  /// Asks all to leave, waits at most two seconds, ends the rest. A second SIGINT or SIGTERM shortens the wait. Afterwards no
  /// child and no grandchild is left.
  void take_down();

 private:
  struct Child {
    std::string program;
    pid_t pid = 0;
    int leave_signal = 0;
    bool has_ended = false;
    Fd lifeline;
    Fd output;  ///< Its stderr; closed when it is not captured.
    std::string tail;
  };
  SignalFd& signals_;
  bool is_captured_;
  std::vector<Child> children_;
};

}  // namespace sheaf::client
