#include "master/io/spool.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "tests/unit/temporary_directory.h"

namespace sheaf::master {
namespace {

constexpr Digest kDigest{1, 2};

TEST(SpoolTest, KeepsFewBytesInMemoryAndMoreOnDisk) {
  const TemporaryDirectory directory;
  DirectoryDisk disk(directory.path());
  Spool spool(disk);
  const std::ptrdiff_t before = open_descriptors();
  const auto few = spool.store(std::string(Spool::kMemoryBytesMax, 'x'), kDigest);
  ASSERT_TRUE(few);
  EXPECT_EQ(open_descriptors(), before);
  const auto more = spool.store(std::string(Spool::kMemoryBytesMax + 1, 'y'), kDigest);
  ASSERT_TRUE(more);
  EXPECT_EQ(open_descriptors(), before + 1);

  EXPECT_EQ(*few->read_all(), std::string(Spool::kMemoryBytesMax, 'x'));
  EXPECT_EQ(*more->read_all(), std::string(Spool::kMemoryBytesMax + 1, 'y'));
  EXPECT_EQ(more->digest(), kDigest);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));  // Its files have no names: nothing is left by a kill -9.
}

TEST(SpoolTest, KeepsPayloadsApart) {
  const TemporaryDirectory directory;
  DirectoryDisk disk(directory.path());
  Spool spool(disk);
  std::vector<StoredPayload> stored;
  for (int i = 0; i < 20; ++i) {
    auto payload = spool.store(std::string(20'000 + i, static_cast<char>('a' + i)), kDigest);
    ASSERT_TRUE(payload);
    stored.push_back(std::move(*payload));
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(*stored[i].read_all(), std::string(20'000 + i, static_cast<char>('a' + i)));
    EXPECT_EQ(*stored[i].read(19'999, 1), std::string(1, static_cast<char>('a' + i)));
  }
}

TEST(SpoolTest, TakesAPayloadInPieces) {
  const TemporaryDirectory directory;
  DirectoryDisk disk(directory.path());
  Spool spool(disk);
  auto payload = spool.reserve(100'000, kDigest);
  ASSERT_TRUE(payload);
  ASSERT_TRUE(payload->write(60'000, std::string(40'000, 'b')));
  ASSERT_TRUE(payload->write(0, std::string(60'000, 'a')));
  EXPECT_EQ(*payload->read_all(), std::string(60'000, 'a') + std::string(40'000, 'b'));
}

TEST(SpoolTest, GivesTheDiskBackWhenNothingInASegmentIsNeeded) {
  const TemporaryDirectory directory;
  DirectoryDisk disk(directory.path());
  Spool spool(disk);
  const std::ptrdiff_t before = open_descriptors();
  std::vector<std::optional<StoredPayload>> stored;
  for (int i = 0; i < 6; ++i) {
    auto payload = spool.reserve(Spool::kSegmentBytes / 2, kDigest);  // Two to a segment.
    ASSERT_TRUE(payload);
    stored.emplace_back(std::move(*payload));
  }
  EXPECT_EQ(open_descriptors(), before + 3);
  stored[0].reset();
  EXPECT_EQ(open_descriptors(), before + 3);  // Its neighbour is still needed.
  stored[1].reset();
  EXPECT_EQ(open_descriptors(), before + 2);
  stored.clear();
  EXPECT_EQ(open_descriptors(), before + 1);  // The last one is still being filled.
}

TEST(SpoolTest, GivesAVeryLargePayloadASegmentOfItsOwn) {
  const TemporaryDirectory directory;
  DirectoryDisk disk(directory.path());
  Spool spool(disk);
  auto huge = spool.reserve(3 * Spool::kSegmentBytes, kDigest);
  ASSERT_TRUE(huge);
  ASSERT_TRUE(huge->write(3 * Spool::kSegmentBytes - 3, "end"));
  const auto next = spool.store(std::string(20'000, 'x'), kDigest);
  ASSERT_TRUE(next);
  EXPECT_EQ(*huge->read(3 * Spool::kSegmentBytes - 3, 3), "end");
  EXPECT_EQ(*next->read_all(), std::string(20'000, 'x'));
}

TEST(SpoolTest, SaysThatItCannotKeepAnything) {
  DirectoryDisk disk("/no/such/directory");
  Spool spool(disk);
  EXPECT_TRUE(spool.store("few", kDigest));
  const auto payload = spool.store(std::string(20'000, 'x'), kDigest);
  ASSERT_FALSE(payload);
  EXPECT_EQ(payload.error().code, ErrorCode::kState);
  EXPECT_EQ(payload.error().where, "/no/such/directory");
}

}  // namespace
}  // namespace sheaf::master
