#include "master/io/fed_jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/temporary_directory.h"

namespace sheaf::master {
namespace {

using testing::IsEmpty;

class FedJobsTest : public testing::Test {
 protected:
  static JobKey key(std::uint64_t seq, std::uint32_t sub = 0) { return {seq, sub}; }
  StoredPayload small(const std::string& bytes) const { return {bytes, Digest{1, bytes.size()}}; }
  StoredPayload large() { return *spool_.store(std::string(Spool::kMemoryBytesMax + 1, 'x'), Digest{2, 2}); }
  std::string bytes(JobKey of) const {
    const auto payload = jobs_.find(of);
    return payload ? payload->read_all()->text() : "nothing";
  }

  TemporaryDirectory directory_;
  DirectoryDisk disk_{directory_.path()};
  Spool spool_{disk_};
  FedJobs jobs_;
};

TEST_F(FedJobsTest, KeepsSmallJobsUntilEachIsErased) {
  for (std::uint64_t seq = 5; seq < 10; ++seq) jobs_.put(key(seq), small("job " + std::to_string(seq)), {});
  EXPECT_EQ(bytes(key(4)), "nothing");
  EXPECT_EQ(bytes(key(5)), "job 5");
  EXPECT_EQ(bytes(key(9)), "job 9");
  EXPECT_EQ(bytes(key(10)), "nothing");
  EXPECT_EQ(bytes(key(7, 1)), "nothing");
  EXPECT_EQ(jobs_.find(key(9))->digest(), (Digest{1, 5}));
  for (const std::uint64_t seq : {7, 5, 9, 6}) {
    jobs_.erase(key(seq));
    EXPECT_EQ(bytes(key(seq)), "nothing");
    jobs_.erase(key(seq));  // Once more: nothing happens.
  }
  EXPECT_EQ(bytes(key(8)), "job 8");
  EXPECT_FALSE(jobs_.empty());
  jobs_.erase(key(8));
  EXPECT_TRUE(jobs_.empty());
  jobs_.put(key(20), small("job 20"), {});
  EXPECT_EQ(bytes(key(20)), "job 20");
}

TEST_F(FedJobsTest, KeepsWhatThereIsMoreToBesideThem) {
  jobs_.put(key(0), small("job 0"), {});
  jobs_.put(key(1), small("job 1"), "frames 10-19");
  jobs_.put(key(2), large(), {});
  jobs_.put(key(3), small(""), {});
  jobs_.put(key(4), small("job 4"), {});
  jobs_.put(key(1, 1), small("a part"), {});
  EXPECT_EQ(bytes(key(1)), "job 1");
  EXPECT_EQ(jobs_.label(key(1)), "frames 10-19");
  EXPECT_EQ(jobs_.label(key(4)), "");
  EXPECT_EQ(jobs_.find(key(2))->size(), Spool::kMemoryBytesMax + 1);
  EXPECT_EQ(bytes(key(3)), "");
  EXPECT_EQ(bytes(key(4)), "job 4");
  EXPECT_EQ(bytes(key(1, 1)), "a part");
  EXPECT_THAT(jobs_.keys(), testing::UnorderedElementsAre(key(0), key(1), key(1, 1), key(2), key(3), key(4)));
  for (const JobKey each : jobs_.keys()) jobs_.erase(each);
  EXPECT_TRUE(jobs_.empty());
  EXPECT_THAT(jobs_.keys(), IsEmpty());
}

TEST_F(FedJobsTest, PutsAJobThatIsDoneAgainInThePlaceOfTheFormer) {
  for (std::uint64_t seq = 0; seq < 4; ++seq) jobs_.put(key(seq), small("job"), {});
  jobs_.put(key(2), small("job 2, once more"), {});
  EXPECT_EQ(bytes(key(2)), "job 2, once more");
  jobs_.put(key(2), small("and again"), "a label");
  EXPECT_EQ(bytes(key(2)), "and again");
  jobs_.erase(key(0));
  jobs_.erase(key(1));
  jobs_.put(key(0), small("of long ago"), {});
  EXPECT_EQ(bytes(key(0)), "of long ago");
  EXPECT_THAT(jobs_.keys(), testing::UnorderedElementsAre(key(0), key(2), key(3)));
  jobs_.clear();
  EXPECT_TRUE(jobs_.empty());
}

}  // namespace
}  // namespace sheaf::master
