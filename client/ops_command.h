#pragma once

#include <string>
#include <vector>

namespace sheaf::client {

/// `sheaf ops [NAME] [--json]`: prints the catalogue of ops, or one of them. Returns the exit code.
int run_ops_command(const std::vector<std::string>& arguments);

}  // namespace sheaf::client
