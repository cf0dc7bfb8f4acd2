#include "worker/core/run_setups.h"

#include <algorithm>

#include "worker/core/limits.h"

namespace sheaf::worker {

std::shared_ptr<const RunSetup> RunSetups::use(RunId run, const std::string& kind, const std::string* setup) {
  const auto found = std::find_if(recent_.begin(), recent_.end(), [&](const auto& entry) { return entry->run == run; });
  const bool is_known = found != recent_.end();
  if (is_known && (setup == nullptr || ((*found)->setup == *setup && (*found)->kind == kind))) {
    recent_.splice(recent_.begin(), recent_, found);
    return recent_.front();
  }
  if (setup == nullptr) return nullptr;
  if (is_known) recent_.erase(found);
  recent_.push_front(std::make_shared<const RunSetup>(RunSetup{run, kind, *setup}));
  if (recent_.size() > kRememberedRunsMax) recent_.pop_back();
  return recent_.front();
}

}  // namespace sheaf::worker
