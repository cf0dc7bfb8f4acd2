#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/batch/value_source.h"

namespace sheaf::stage {

/// A stdout or stderr that somebody else may read slowly, or not at all. Its descriptor stays its owner's, and so do its flags.
class BatchOutput {
 public:
  /// `name`: for messages. `stop` ends a wait and outlives it.
  BatchOutput(int fd, std::string name, const batch::StopSignal& stop);

  /// Writes all of it. Errors: kOutputClosed when the reader has gone; kOutput when it cannot be written (disk full); kStopped.
  Status write(std::string_view bytes);
  std::uint64_t written() const { return written_; }

 private:
  int fd_;
  std::string name_;
  const batch::StopSignal& stop_;
  bool never_waits_;
  std::uint64_t written_ = 0;
};

/// Puts a tag before each line of what passes through it.
class LineTagger {
 public:
  explicit LineTagger(std::string tag) : tag_(std::move(tag)) {}
  /// `bytes` go on where the last call's ended.
  std::string tagged(std::string_view bytes);

 private:
  std::string tag_;
  bool at_line_start_ = true;
};

}  // namespace sheaf::stage
