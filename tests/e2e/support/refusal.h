#pragma once

#include <string>
#include <vector>

#include "tests/e2e/support/cluster.h"

namespace sheaf::e2e {

/// A command that must be refused, and how.
struct Refusal {
  std::vector<std::string> words;  ///< For sheaf.
  int exit_code;
  /// One for each line of standard error, in order: what the line holds, all of them after "sheaf video: ".
  std::vector<std::string> lines;
};

class RefusalTest : public ClusterTest {
 protected:
  /// Runs it: the exit code, exactly these lines, nothing on standard output, nothing new in out/.
  /// With --quiet: on a busy machine there might be a line of progress before.
  void expect_refused(const Refusal& refusal) const {
    Command command = sheaf(refusal.words);
    command.words.emplace_back("--quiet");
    expect_refused(command, refusal);
  }
  /// The same with a command of the caller's making.
  void expect_refused(const Command& command, const Refusal& refusal) const;
};

}  // namespace sheaf::e2e
