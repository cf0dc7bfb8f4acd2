#pragma once

#include <string>
#include <vector>

#include "client/observer_session.h"

namespace sheaf::client {

/// `sheaf ping`: whether a master answers. Returns the exit code: 0, or 5 for a probe that has failed.
int run_ping_command(const std::vector<std::string>& arguments);
/// `sheaf workers`: who is connected to a master. Returns the exit code.
int run_workers_command(const std::vector<std::string>& arguments);

/// The table that `sheaf workers` prints.
std::string workers_table(const std::vector<v1::WorkerInfo>& workers);

}  // namespace sheaf::client
