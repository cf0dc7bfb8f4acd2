#include "common/runtime/private_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace sheaf {

namespace {

constexpr char kMark[] = "sheaf-state";
constexpr char kOwnPrefix[] = "/sheaf-own-";

bool has_mark(const std::string& path) {
  struct stat status {};
  return ::lstat((path + "/" + kMark).c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

/// What a command that was killed has left: nothing of it is of use to another one.
void remove_leftovers(const std::string& path) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    std::error_code also_ignored;
    if (entry.path().filename() != kMark) std::filesystem::remove_all(entry.path(), also_ignored);
  }
}

/// Removes the folders of make() whose owners are gone. One that is about to be made has no mark yet, and one that is in use is
/// locked.
void remove_abandoned(const std::string& directory) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string path = entry.path().string();
    if (!path.starts_with(directory + kOwnPrefix)) continue;
    const Fd lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    const bool is_ours = lock.is_open() && ::fstat(lock.get(), &status) == 0 && status.st_uid == ::geteuid();
    if (!is_ours || !has_mark(path) || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
    std::error_code also_ignored;
    std::filesystem::remove_all(path, also_ignored);
  }
}

bool is_empty(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_empty(path, error) && !error;
}

}  // namespace

Result<PrivateState> PrivateState::open(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(ErrorCode::kOutput, "cannot make a folder there: " + errno_text(errno), path,
                "write the output into a folder that you can write");
  }
  Fd lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!lock.is_open()) return fail(ErrorCode::kState, "is not a folder that sheaf has made", path, "move it away");
  // Other errors: a file system without locks. Then two commands may meet here, and the final name decides.
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return fail(ErrorCode::kOutput, "another sheaf is making this output", path, "wait for it, or choose another name");
  }
  // Killed between mkdir and the mark: empty, and as good as made now.
  if (!has_mark(path) && !is_empty(path)) {
    return fail(ErrorCode::kState, "is not a folder that sheaf has made", path, "move it away");
  }
  const Fd mark(::openat(lock.get(), kMark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!mark.is_open()) return fail(ErrorCode::kOutput, "cannot write there: " + errno_text(errno), path);
  remove_leftovers(path);
  return PrivateState(path, std::move(lock));
}

Result<PrivateState> PrivateState::make(const std::string& directory) {
  remove_abandoned(directory);
  std::string path = directory + kOwnPrefix + "XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return fail(ErrorCode::kOutput, "cannot make a folder there: " + errno_text(errno), directory,
                "name another one with TMPDIR");
  }
  return open(path);
}

PrivateState::~PrivateState() {
  // A run that is over, however it ended, leaves nothing that another one could use.
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

PrivateState::PrivateState(PrivateState&& other) noexcept
    : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}

}  // namespace sheaf
