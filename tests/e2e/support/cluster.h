#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/support/e2e_test.h"

namespace sheaf::e2e {

/// A test with a master and workers that are started by hand, each on its own.
class ClusterTest : public E2eTest {
 protected:
  std::string endpoint() const { return "ipc://" + path("run/master.sock"); }

  /// Returns once its socket takes connections.
  Process start_master() const;
  Process start_worker(const std::vector<std::string>& options = {}) const;
  /// `sheaf video INPUT -o OUTPUT --master ENDPOINT options...`, running.
  Process start_video(const std::string& input, const std::string& output, const std::vector<std::string>& options) const;

  /// The executors below this worker.
  std::vector<ProcessInfo> executors_of(const Process& worker) const;
  /// Whether one of them is in the middle of a job.
  bool is_busy(const Process& worker) const;
};

/// Whether somebody listens on the socket in the file system.
bool is_listening(const std::string& socket_path);

}  // namespace sheaf::e2e
