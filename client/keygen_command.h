#pragma once

#include <string>
#include <vector>

namespace sheaf::client {

/// `sheaf keygen DIR --endpoint | --add | --revoke | --list`: the keys of a master's peers. Returns the exit code.
int run_keygen_command(const std::vector<std::string>& arguments);

}  // namespace sheaf::client
