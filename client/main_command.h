#pragma once

#include <string>
#include <vector>

namespace sheaf::client {

/// `sheaf ...`: finds the subcommand and runs it; --help, --version and wrong names are answered here. `arguments` is without
/// the program's name. Returns the exit code.
int run_main_command(const std::vector<std::string>& arguments);

}  // namespace sheaf::client
