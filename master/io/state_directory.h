#pragma once

#include <string>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/runtime/fd.h"

namespace sheaf::master {

/// The master's state on disk: one directory, one master. It holds a lock, and the number of the life of the master (epoch);
/// the journal will lie beside them.
class StateDirectory {
 public:
  /// Makes the directory (0700) where it is missing, takes its lock, begins the next epoch. Errors: kState when another master
  /// has it, or when it cannot be read or written.
  static Result<StateDirectory> open(const std::string& path);

  Epoch epoch() const { return epoch_; }
  const std::string& path() const { return path_; }

 private:
  StateDirectory(std::string path, Fd lock, Epoch epoch) : path_(std::move(path)), lock_(std::move(lock)), epoch_(epoch) {}

  std::string path_;
  Fd lock_;
  Epoch epoch_;
};

/// $XDG_STATE_HOME/sheaf/master, by default ~/.local/state/sheaf/master.
std::string default_state_directory();

}  // namespace sheaf::master
