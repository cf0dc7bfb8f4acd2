#pragma once

#include "common/kinds/kinds.h"
#include "sheaf/v1/wire.pb.h"

namespace sheaf::client {

/// The description of a run of that kind, with all that follows from it. What it asks for is for the caller to add.
v1::RunDescription describe_run(const Kind& kind);

}  // namespace sheaf::client
