#pragma once

#include <string>
#include <vector>

namespace sheaf::client {

/// `sheaf video ...`: checks what was asked for, runs it on the named master or on a private cluster, says what became of it.
/// Returns the exit code.
int run_video_command(const std::vector<std::string>& arguments);

}  // namespace sheaf::client
