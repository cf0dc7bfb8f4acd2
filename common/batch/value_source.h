#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/runtime/fd.h"
#include "sheaf/v1/command.pb.h"

namespace sheaf::batch {

/// Ends a wait for input, from another thread and for good.
class StopSignal {
 public:
  /// Errors: kFailed when the process has no descriptors left.
  static Result<StopSignal> make();
  void set() noexcept;
  /// Readable once it is set.
  int fd() const { return fd_.get(); }

 private:
  explicit StopSignal(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

/// One list of values, read as far as it is asked for.
class ValueSource {
 public:
  virtual ~ValueSource() = default;
  /// The next value; empty behind the last one, and then for good. Errors: kInput when it cannot be read, or a value could not
  /// be given to any command; kStopped.
  virtual Result<std::optional<std::string>> next() = 0;
};

/// Opens a source. `separator`: what ends a value in a file. `stop` outlives it. Errors: kInput.
Result<std::unique_ptr<ValueSource>> open_value_source(const v1::InputSource& source, char separator, const StopSignal& stop);

}  // namespace sheaf::batch
