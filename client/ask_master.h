#pragma once

#include "client/observer_session.h"
#include "common/base/result.h"
#include "common/base/time.h"
#include "common/wire/endpoint.h"

namespace sheaf::client {

/// Looks at the master there; `wait`: how long it may take to answer, or to start. Errors: kCluster when none answers, or
/// refuses; kUsage for an address that cannot be.
Result<MasterAnswer> ask_master(const wire::Endpoint& endpoint, Duration wait, bool wants_workers);

}  // namespace sheaf::client
