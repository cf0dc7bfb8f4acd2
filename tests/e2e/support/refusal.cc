#include "tests/e2e/support/refusal.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace sheaf::e2e {

using ::testing::HasSubstr;
using ::testing::StartsWith;

void RefusalTest::expect_refused(const Command& command, const Refusal& refusal) const {
  SCOPED_TRACE(text_of(command.words));
  const std::vector<std::string> before = outputs();
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_code, refusal.exit_code) << finished.err;
  EXPECT_EQ(finished.out, "");
  const std::vector<std::string> lines = lines_of(finished.err);
  EXPECT_EQ(lines.size(), refusal.lines.size()) << finished.err;
  for (std::size_t i = 0; i < std::min(lines.size(), refusal.lines.size()); ++i) {
    EXPECT_THAT(lines[i], StartsWith("sheaf video: "));
    EXPECT_THAT(lines[i], HasSubstr(refusal.lines[i]));
  }
  EXPECT_EQ(outputs(), before);
}

}  // namespace sheaf::e2e
