#include "client/surroundings.h"

#include <filesystem>

#include "common/runtime/cores.h"

namespace sheaf::client {

std::string absolute_path(const std::string& directory, const std::string& path) {
  if (path.starts_with('/')) return path;
  return directory + (directory.ends_with('/') ? "" : "/") + path;
}

Surroundings surroundings_of_this_process() {
  std::error_code error;
  const std::string directory = std::filesystem::current_path(error).string();
  return {cli::process_environment(), error ? "/" : directory, usable_cores()};
}

}  // namespace sheaf::client
