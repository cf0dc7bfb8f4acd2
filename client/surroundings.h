#pragma once

#include <string>

#include "common/cli/settings.h"

namespace sheaf::client {

/// What the reading of a command line depends on besides the arguments.
struct Surroundings {
  cli::Environment environment;
  std::string directory;  ///< Relative paths start here; absolute.
  unsigned cores = 1;     ///< How many this process may use.
};

/// `path`, which may be relative to `directory`.
std::string absolute_path(const std::string& directory, const std::string& path);

/// Those of this process.
Surroundings surroundings_of_this_process();

}  // namespace sheaf::client
