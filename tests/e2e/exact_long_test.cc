// The rest of the matrix: too long for every run of the tests.
#include "tests/e2e/exact_matrix.h"

namespace sheaf::e2e {
namespace {

class LongExactTest : public ExactTest {};

std::vector<Way> all_ways(const std::string& ending, const std::vector<unsigned>& chunks) {
  std::vector<Way> ways;
  for (const unsigned workers : {1U, 2U, 3U}) {
    for (const unsigned chunk : chunks) ways.push_back({workers, chunk, ending});
  }
  return ways;
}

std::vector<Footage> all_footage() {
  std::vector<Footage> all = generated_footage();
  all.insert(all.end(), real_footage().begin(), real_footage().end());
  return all;
}

/// One job a frame decodes the GOP again for each of them: only where the file is short.
std::vector<unsigned> chunks_for(const Footage& footage) {
  const bool is_long = footage.file.starts_with('/') && footage.name != "Realshort";
  return is_long ? std::vector<unsigned>{0, 7} : std::vector<unsigned>{0, 7, 1};
}

TEST_P(LongExactTest, CopiesEveryFrameInMov) {
  expect_exact(all_ways(".mov", chunks_for(GetParam())));
}
TEST_P(LongExactTest, CopiesEveryFrameInMatroska) {
  expect_exact(all_ways(".mkv", chunks_for(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Files, LongExactTest, ::testing::ValuesIn(all_footage()), name_of);

}  // namespace
}  // namespace sheaf::e2e
