#pragma once

#include <string>
#include <vector>

namespace sheaf::client {

/// `sheaf batch`: one command per item, its output in order. `arguments`: what follows the word. Returns the exit code.
int run_batch_command(const std::vector<std::string>& arguments);

}  // namespace sheaf::client
