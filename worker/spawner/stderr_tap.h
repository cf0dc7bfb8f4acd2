#pragma once

#include <string>

#include "common/runtime/fd.h"

namespace sheaf::worker {

/// What a child writes to its stderr: passed on to our own, and its end kept as evidence.
class StderrTap {
 public:
  /// `source`: the read end of the pipe that is the child's stderr.
  explicit StderrTap(Fd source);

  /// Reads what is there, without blocking. False when the child, and everybody it gave its stderr to, has closed it.
  bool drain();

  int fd() const { return source_.get(); }
  /// The last lines, at most 64 KiB, as UTF-8.
  std::string tail() const;

 private:
  Fd source_;
  std::string kept_;
};

}  // namespace sheaf::worker
