#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "common/runtime/fd.h"
#include "master/io/hub.h"

namespace sheaf::master {

/// The stages that run as children of this master: the sheaf-stage program, told what to do through the pipe that is also its
/// lifeline.
class StageChildren : public StageLauncher {
 public:
  /// `endpoint`: where the stages reach this master.
  explicit StageChildren(std::string endpoint) : endpoint_(std::move(endpoint)) {}
  ~StageChildren() override;

  Status start(RunId run, const std::string& token, std::uint32_t incarnation) override;
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
  std::map<pid_t, Child> children_;
};

}  // namespace sheaf::master
