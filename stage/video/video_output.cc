#include "stage/video/video_output.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "common/runtime/fd.h"

namespace sheaf::stage {

namespace {

constexpr const char* kOverwrite = "choose another name, or give --overwrite";

/// Renames without replacing anything; also on file systems that only know link().
int rename_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (::link(from.c_str(), to.c_str()) != 0) return errno;
  return ::unlink(from.c_str()) == 0 ? 0 : errno;
}

}  // namespace

VideoOutput::VideoOutput(std::string path, bool overwrite, const std::string& incarnation)
    : path_(std::move(path)), overwrite_(overwrite) {
  const std::size_t slash = path_.rfind('/');
  folder_ = slash == std::string::npos ? "." : slash == 0 ? "/" : path_.substr(0, slash);
  std::string name = slash == std::string::npos ? path_ : path_.substr(slash + 1);
  const std::string end = ".sheaf-" + incarnation;
  // A long name must leave room for what is added to it.
  if (name.size() + end.size() + 1 > NAME_MAX) name.resize(NAME_MAX - end.size() - 1);
  temporary_ = folder_ + (folder_ == "/" ? "." : "/.") + name + end;
}

Status VideoOutput::check(const std::string& input) const {
  struct stat out {};
  struct stat in {};
  if (path_.empty() || path_.back() == '/') return fail(ErrorCode::kOutput, "is not the name of a file", path_);
  if (::stat(path_.c_str(), &out) == 0) {
    if (::stat(input.c_str(), &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino) {
      return fail(ErrorCode::kOutput, "the output is the input itself", path_, "choose another name");
    }
    if (S_ISDIR(out.st_mode)) return fail(ErrorCode::kOutput, "is a directory", path_, "name a file in it");
  }
  if (!overwrite_ && ::lstat(path_.c_str(), &out) == 0) return fail(ErrorCode::kOutput, "already exists", path_, kOverwrite);
  if (::stat(folder_.c_str(), &out) != 0) {
    return fail(ErrorCode::kOutput, "its folder " + folder_ + " does not exist", path_, "make the folder first");
  }
  if (!S_ISDIR(out.st_mode)) return fail(ErrorCode::kOutput, folder_ + " is not a folder", path_);
  if (::access(folder_.c_str(), W_OK | X_OK) != 0) {
    return fail(ErrorCode::kOutput, "its folder " + folder_ + " cannot be written to: " + errno_text(errno), path_);
  }
  return {};
}

Status VideoOutput::publish() {
  int error = 0;
  if (!overwrite_) {
    error = rename_new(temporary_, path_);
  } else if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) {
    remove_temporary();
    if (error == EEXIST) return fail(ErrorCode::kOutput, "has come into being while sheaf was at work", path_, kOverwrite);
    return fail(ErrorCode::kOutput, "cannot be given its name: " + errno_text(error), path_);
  }
  const Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a directory and say EINVAL: then there is nothing that could be done.
  if (!folder.is_open() || (::fsync(folder.get()) != 0 && errno != EINVAL)) {
    return fail(ErrorCode::kOutput, "is complete, but its folder cannot be made durable: " + errno_text(errno), path_);
  }
  return {};
}

void VideoOutput::remove_temporary() noexcept {
  ::unlink(temporary_.c_str());
}

}  // namespace sheaf::stage
