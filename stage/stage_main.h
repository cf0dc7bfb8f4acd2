#pragma once

#include <string>

#include "stage/stage_kind.h"

namespace sheaf::stage {

/// main() of a stage program named `program`, which opens its runs with `open_run`. It is started by a master or a command,
/// never by hand. Returns the exit code.
int stage_main(const std::string& program, const RunOpener& open_run);

}  // namespace sheaf::stage
