#include "tests/e2e/exact_matrix.h"

namespace sheaf::e2e {
namespace {

class GeneratedExactTest : public ExactTest {};
class RealExactTest : public ExactTest {};

TEST_P(GeneratedExactTest, CopiesEveryFrameInMov) {
  expect_exact({{1, 0, ".mov"}, {3, 0, ".mov"}, {1, 7, ".mov"}, {3, 7, ".mov"}, {3, 1, ".mov"}});
}

TEST_P(GeneratedExactTest, CopiesEveryFrameInMatroska) {
  expect_exact({{2, 7, ".mkv"}, {2, 0, ".mkv"}});
}

TEST_P(RealExactTest, CopiesEveryFrame) {
  expect_exact({{2, 0, ".mov"}});
}
TEST_P(RealExactTest, CopiesEveryFrameInJobsOfSeven) {
  expect_exact({{2, 7, ".mkv"}});
}

INSTANTIATE_TEST_SUITE_P(Files, GeneratedExactTest, ::testing::ValuesIn(generated_footage()), name_of);
INSTANTIATE_TEST_SUITE_P(Files, RealExactTest, ::testing::ValuesIn(real_footage()), name_of);

}  // namespace
}  // namespace sheaf::e2e
