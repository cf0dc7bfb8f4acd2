#pragma once

#include <string>

#include "common/base/result.h"

namespace sheaf {

/// A directory that only this user can enter (0700); removed with its owner, and all that is in it.
class PrivateDirectory {
 public:
  /// For sockets, under $XDG_RUNTIME_DIR or /tmp. Errors: kFailed when neither place can be written, or when the path of a
  /// socket in it would be too long (107 bytes).
  static Result<PrivateDirectory> make();
  /// For files, in `parent`. Errors: kFailed when that cannot be written.
  static Result<PrivateDirectory> make_in(const std::string& parent);
  ~PrivateDirectory();
  PrivateDirectory(PrivateDirectory&& other) noexcept;
  PrivateDirectory& operator=(PrivateDirectory&&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit PrivateDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Where a hand-started master and its users meet when nobody names an endpoint: $XDG_RUNTIME_DIR/sheaf or /tmp/sheaf-UID, made
/// with 0700 if it is missing. Errors: kFailed when it belongs to somebody else or others may enter it.
Result<std::string> user_socket_directory();

}  // namespace sheaf
