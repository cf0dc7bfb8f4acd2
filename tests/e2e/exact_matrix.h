#pragma once

#include <string>
#include <vector>

#include "tests/e2e/support/corpus.h"
#include "tests/e2e/support/e2e_test.h"
#include "tests/e2e/support/oracle.h"

namespace sheaf::e2e {

/// One way to run `--op copy --codec ffv1`.
struct Way {
  unsigned workers;
  unsigned chunk;  ///< 0: sheaf's own cuts.
  std::string ending;
};

/// The oracle: ffmpeg decodes the input and the output of a copy; every frame is there, bit for bit, at its
/// own time.
class ExactTest : public E2eTest, public ::testing::WithParamInterface<Footage> {
 protected:
  void expect_exact(const std::vector<Way>& ways) {
    const std::string input = path_of(GetParam());
    std::vector<Line> expected;
    for (const Way& way : ways) {
      SCOPED_TRACE(std::to_string(way.workers) + " workers, --chunk " + std::to_string(way.chunk) + ", " + way.ending);
      const std::string made = output("copy" + way.ending);
      std::vector<std::string> options = {
          "--op", "copy", "--codec", "ffv1", "--overwrite", "--workers", std::to_string(way.workers)};
      if (way.chunk > 0) options.insert(options.end(), {"--chunk", std::to_string(way.chunk)});
      make(input, made, options);
      if (HasFailure()) return;
      if (expected.empty()) expected = frames_of(input, comparable_format(input, made));
      expect_same_frames(expected, made);
    }
  }
};

inline std::string name_of(const ::testing::TestParamInfo<Footage>& info) {
  return info.param.name;
}

}  // namespace sheaf::e2e
