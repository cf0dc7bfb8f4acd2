#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"

namespace sheaf::cli {

/// For stderr: `sheaf video: clip.mp4: no such file; ...`, one line each. Equal lines appear once.
std::string error_lines(const std::string& who, const std::vector<Error>& errors);

}  // namespace sheaf::cli
