// Every frame, through whole clusters. All combinations of workers, jobs and containers are in exact_long_test.cc; that the
// number of workers changes nothing, same_bytes_test.cc shows for each run of the tests, and each cut
// tests/unit/video_exact_test.cc.
#include "tests/e2e/exact_matrix.h"

namespace sheaf::e2e {
namespace {

class GeneratedExactTest : public ExactTest {};
class RealExactTest : public ExactTest {};

TEST_P(GeneratedExactTest, CopiesEveryFrameInMov) {
  expect_exact({{3, 7, ".mov"}});
}

TEST_P(GeneratedExactTest, CopiesEveryFrameInMatroska) {
  expect_exact({{2, 0, ".mkv"}});
}

TEST_P(RealExactTest, CopiesEveryFrame) {
  expect_exact({{2, 0, ".mov"}});
}

INSTANTIATE_TEST_SUITE_P(Files, GeneratedExactTest, ::testing::ValuesIn(generated_footage()), name_of);
INSTANTIATE_TEST_SUITE_P(Files, RealExactTest, ::testing::ValuesIn(real_footage()), name_of);

}  // namespace
}  // namespace sheaf::e2e
