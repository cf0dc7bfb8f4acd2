#pragma once

#include <sys/types.h>

#include "common/base/result.h"
#include "common/runtime/fd.h"

namespace sheaf::worker {

/// Descriptor of a spawned program's socket to the link; its lifeline is kLifelineFd.
inline constexpr int kSpawnedSocketFd = 4;
/// Of its socket to the spawner, if it may start commands (StartCommand).
inline constexpr int kCommandSocketFd = 5;

/// A process of its own that starts executors for the link and tells how they ended (executor.proto: Spawn, Spawned, Exited,
/// Kill), and commands for executors that may have some. A program with threads and a ZeroMQ context should not fork; and when
/// the link dies, however it dies, the spawner sees its end of the socket close, ends what it has started, all that has been
/// started by that, and leaves.
struct Spawner {
  Fd socket;  ///< The link's end.
  pid_t pid = 0;
};

/// Forks the spawner. Call it before any thread is started and before there is a ZeroMQ context. Errors: kFailed when the
/// system gives no more processes or descriptors.
Result<Spawner> start_spawner();

/// The spawner's life: returns when the other end of `socket` has closed and all its children are gone. Takes over the
/// process's signals.
void run_spawner(Fd socket);

}  // namespace sheaf::worker
