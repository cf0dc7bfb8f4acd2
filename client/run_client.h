#pragma once

#include <optional>
#include <string>

#include "client/children.h"
#include "client/progress_display.h"
#include "client/run_outcome.h"
#include "client/run_session.h"
#include "common/runtime/signals.h"
#include "common/wire/endpoint.h"
#include "sheaf/v1/wire.pb.h"

namespace sheaf::client {

/// One run and where it goes.
struct RunRequest {
  wire::Endpoint endpoint;
  /// The stage at the client has this process's stdin, stdout and stderr, and this descriptor behind its lifeline.
  std::optional<int> stage_input;
  v1::RunDescription description;   ///< With stage_at_client, the stage is started as a child of this process.
  bool is_private_cluster = false;  ///< The master and the worker are among the children: when one dies, the run is over.
  std::string unit = "frames";      ///< What the run counts, for people.
  std::string idle_notice;          ///< To be said once when no worker is there for it for a while; empty: the display says so.
  SessionLimits limits;
  Duration wait_for_master{};  ///< How long a master that is not the command's own may take to start.
  Instant started{};           ///< When the user pressed return.
};

/// Submits the run and follows it to its end: progress on `display`, SIGINT and SIGTERM from `signals` cancel it (a second one
/// leaves without waiting for the master).
///
/// Errors are in the outcome: kCluster when no master answers, refuses, falls silent for too long, or when a process of a
/// private cluster dies; whatever the run itself ended with; kFailed when the stage at the client crashed. Children
/// are left running: their owner takes them down. Call it once a process: its socket stays open until the process ends.
RunOutcome run_to_end(const RunRequest& request, Children& children, SignalFd& signals, ProgressDisplay& display);

}  // namespace sheaf::client
