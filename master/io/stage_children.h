#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "common/runtime/fd.h"
#include "common/runtime/signals.h"
#include "master/io/hub.h"

namespace sheaf::master {

/// The stages that run as children of this master: programs beside it, told what to do through the pipe that is also their
/// lifeline.
class StageChildren : public StageLauncher {
 public:
  /// `endpoint`: where the stages reach this master. `signals` must report children, and outlive this. `leave_max`: how long
  /// stages may take to give their outputs up when the master ends.
  StageChildren(std::string endpoint, SignalFd& signals, Duration leave_max)
      : endpoint_(std::move(endpoint)), signals_(signals), leave_max_(leave_max) {}
  /// Has all of them give their outputs up and leave, and ends those that do not: stopped, or stuck in a file system.
  ~StageChildren() override;

  Status start(RunId run, const std::string& program, const std::string& token, std::uint32_t incarnation) override;
  void stop(RunId run) override;

  struct Exit {
    RunId run;
    std::string how;
  };
  /// The stages that have ended since the last call. Call it when a child has ended (SIGCHLD).
  std::vector<Exit> reap();

 private:
  struct Child {
    RunId run;
    Fd lifeline;
  };
  std::string endpoint_;
  SignalFd& signals_;
  Duration leave_max_;
  std::map<pid_t, Child> children_;
};

}  // namespace sheaf::master
