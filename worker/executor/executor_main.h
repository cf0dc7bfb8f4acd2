#pragma once

#include <functional>
#include <string>

#include "worker/executor/executor_host.h"

namespace sheaf::worker {

/// main() of an executor program named `program`, started by a spawner: descriptor 3 is the lifeline, 4 the socket to the link.
/// `load` makes its kinds, which may take a while. Returns the exit code; the caller ends the process with it at once, since
/// slots may still be at work.
int executor_main(const std::string& program, int argc, const char* const* argv, const std::function<JobKinds()>& load);

}  // namespace sheaf::worker
