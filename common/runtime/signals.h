#pragma once

#include "common/base/result.h"
#include "common/runtime/fd.h"

namespace sheaf {

/// SIGINT, SIGTERM and SIGHUP (and SIGCHLD, where asked for) as something to poll, instead of handlers that interrupt.
///
/// Make it in main() before any thread is started: the signals are blocked in the calling thread and in all that come from it.
/// SIGPIPE is ignored: a closed reader is an error of the write.
class SignalFd {
 public:
  enum class Children { kIgnore, kReport };
  enum class Hangup {
    kUnlessIgnored,  ///< Whoever has started this under nohup wants it to go on.
    kAlways,         ///< It has a meaning of its own.
  };

  /// Errors: kFailed when the process has no descriptors left.
  static Result<SignalFd> open(Children children, Hangup hangup = Hangup::kUnlessIgnored);

  int fd() const { return fd_.get(); }

  /// The number of a signal that has come, or 0 when none waits. Never blocks.
  int take();

 private:
  explicit SignalFd(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace sheaf
