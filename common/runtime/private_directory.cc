#include "common/runtime/private_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include "common/runtime/fd.h"

namespace sheaf {

namespace {

constexpr std::size_t kDirectoryPathMax = 107 - 20;  // sun_path less the longest socket name that is put into it.

/// $XDG_RUNTIME_DIR where it is usable, then /tmp.
std::vector<std::string> candidate_parents() {
  std::vector<std::string> parents;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/') parents.emplace_back(runtime);
  parents.emplace_back("/tmp");
  return parents;
}

}  // namespace

Result<PrivateDirectory> PrivateDirectory::make() {
  std::string reason;
  for (const std::string& parent : candidate_parents()) {
    std::string path = parent + "/sheaf-XXXXXX";
    if (path.size() > kDirectoryPathMax) {
      reason = parent + ": the path is too long for a socket";
    } else if (::mkdtemp(path.data()) != nullptr) {  // mkdtemp gives 0700.
      return PrivateDirectory(std::move(path));
    } else {
      reason = parent + ": " + errno_text(errno);
    }
  }
  return fail(ErrorCode::kFailed, "cannot make a directory for sockets (" + reason + ")", {},
              "set XDG_RUNTIME_DIR to a short path that you can write");
}

Result<PrivateDirectory> PrivateDirectory::make_in(const std::string& parent) {
  std::string path = parent + "/sheaf-XXXXXX";
  if (::mkdtemp(path.data()) != nullptr) return PrivateDirectory(std::move(path));
  return fail(ErrorCode::kFailed, "cannot make a directory there: " + errno_text(errno), parent,
              "name another one with TMPDIR");
}

PrivateDirectory::~PrivateDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

PrivateDirectory::PrivateDirectory(PrivateDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}

Result<std::string> user_socket_directory() {
  const std::string parent = candidate_parents().front();
  const std::string path = parent == "/tmp" ? "/tmp/sheaf-" + std::to_string(::getuid()) : parent + "/sheaf";
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(ErrorCode::kFailed, "cannot make a directory for sockets: " + errno_text(errno), path);
  }
  struct stat status {};
  // lstat: somebody else could have laid a link there, in /tmp.
  if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::getuid() ||
      (status.st_mode & 0077) != 0) {
    return fail(ErrorCode::kFailed, "is not a directory that only this user can enter", path, "remove it and try again");
  }
  return path;
}

}  // namespace sheaf
