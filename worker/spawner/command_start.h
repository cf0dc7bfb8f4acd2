#pragma once

#include <mutex>

#include "common/local/local_stream.h"

namespace sheaf::worker {

/// A command that the spawner was asked to start.
struct StartedCommand {
  Fd output;   ///< Its stdout, to be read without blocking.
  Fd errors;   ///< Its stderr, likewise.
  Fd control;  ///< Becomes readable when it has ended: one packet, CommandEnded. Closed, or shut for sending, it ends the
               ///< command.
  /// The ends that it writes to. While they are open here too, nobody is woken because it has closed its own: `control` says
  /// when it has ended.
  Fd writes_output;
  Fd writes_errors;
};

/// An executor's way to its spawner, which starts commands for it. Any thread may use it.
class CommandStart {
 public:
  explicit CommandStart(Fd socket) : spawner_(std::move(socket)) {}

  /// Errors: kFailed when the process has no descriptors left, or the spawner is gone. That the command cannot be started is
  /// no error: it is told as its end.
  Result<StartedCommand> start(v1::StartCommand request);

 private:
  std::mutex sending_;
  local::LocalStream spawner_;
};

}  // namespace sheaf::worker
