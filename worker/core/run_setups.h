#pragma once

#include <list>
#include <memory>
#include <string>

#include "common/base/ids.h"

namespace sheaf::worker {

/// What the jobs of a run share, as the master sent it. Jobs hold on to theirs: a run of the same number that a restarted
/// master describes anew is another one.
struct RunSetup {
  RunId run;
  std::string kind;
  std::string setup;
};

/// The setups of the runs that were used last, at most kRememberedRunsMax.
class RunSetups {
 public:
  /// The setup of `run`: `setup` if it came (and from now on), else what was said before, or null if that is unknown.
  std::shared_ptr<const RunSetup> use(RunId run, const std::string& kind, const std::string* setup);

 private:
  std::list<std::shared_ptr<const RunSetup>> recent_;  ///< The last used first.
};

}  // namespace sheaf::worker
