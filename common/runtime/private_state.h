#pragma once

#include <string>

#include "common/base/result.h"
#include "common/runtime/fd.h"

namespace sheaf {

/// A directory for what a process keeps on disk as long as it runs: OUTPUT.sheaf/ of the master of a private cluster, or one of
/// its own.
///
/// A mark in it says that sheaf made it; a folder of that name without the mark is somebody else's and is left alone. While
/// this lives the directory is locked, so that two commands cannot make the same output at once.
class PrivateState {
 public:
  /// Makes `path` (0700), or takes over what a command that was killed has left.
  /// Errors: kOutput when it cannot be made, or another sheaf holds it; kState when it is not sheaf's.
  static Result<PrivateState> open(const std::string& path);
  /// One of its own in `directory`. Those that processes which were killed have left there are removed. Errors: kOutput.
  static Result<PrivateState> make(const std::string& directory);
  ~PrivateState();
  PrivateState(PrivateState&& other) noexcept;
  PrivateState& operator=(PrivateState&&) = delete;

  const std::string& path() const { return path_; }

 private:
  PrivateState(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  Fd lock_;
};

}  // namespace sheaf
