#include "common/base/seq_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sheaf {
namespace {

TEST(SeqSetTest, IsWhatASetOfNumbersIs) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 50; ++round) {
    SeqSet ranges;
    std::set<std::uint64_t> numbers;
    EXPECT_EQ(ranges.first_missing(), 0U);
    for (int i = 0; i < 200; ++i) {
      const std::uint64_t seq = random() % 250;
      ASSERT_EQ(ranges.contains(seq), numbers.contains(seq)) << seq;
      if (numbers.insert(seq).second) ranges.insert(seq);
      std::uint64_t missing = 0;
      while (numbers.contains(missing)) ++missing;
      ASSERT_EQ(ranges.first_missing(), missing);
      ASSERT_EQ(ranges.size(), numbers.size());
    }
    for (std::uint64_t seq = 0; seq < 260; ++seq) ASSERT_EQ(ranges.contains(seq), numbers.contains(seq)) << seq;
  }
}

}  // namespace
}  // namespace sheaf
