#pragma once

#include <string>

#include "common/base/result.h"

namespace sheaf::stage {

/// Where a run's output grows and where it ends up: a temporary file beside the output, whose name bears the stage's
/// incarnation, so that two stages never write into one file, and which takes the output's name only at the end.
class VideoOutput {
 public:
  VideoOutput(std::string path, bool overwrite, const std::string& incarnation);

  /// Everything that can be said before work starts. Errors: kOutput: it exists and may not be overwritten, it is the input
  /// (also by link), its folder is missing or cannot be written to.
  Status check(const std::string& input) const;

  const std::string& path() const { return path_; }
  const std::string& temporary_path() const { return temporary_; }

  /// Gives the temporary file the output's name, durably. A file that has come up under that name in the meantime is replaced
  /// only with `overwrite`. Errors: kOutput; the temporary file is gone then.
  Status publish();

  /// Removes the temporary file, if there is one.
  void remove_temporary() noexcept;

 private:
  std::string path_;
  std::string folder_;
  std::string temporary_;
  bool overwrite_;
};

}  // namespace sheaf::stage
