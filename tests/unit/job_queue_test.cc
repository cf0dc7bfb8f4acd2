#include "worker/core/job_queue.h"

#include <gtest/gtest.h>

namespace sheaf::worker {
namespace {

JobId job(std::uint64_t run, std::uint64_t seq) {
  return {RunId{run}, JobKey{seq, 0}};
}
Attempt attempt(std::uint64_t n) {
  return {1, n};
}

TEST(JobQueueTest, TakesARunsJobsOldestFirst) {
  JobQueue queue;
  for (const std::uint64_t seq : {5, 9, 3, 7}) queue.add(job(1, seq), attempt(seq));
  EXPECT_EQ(queue.next(), attempt(3));
  EXPECT_EQ(queue.first_come(), attempt(5));
  EXPECT_EQ(queue.last_come(), attempt(7));
  queue.remove(job(1, 3), attempt(3));
  queue.remove(job(1, 3), attempt(3));  // Once more: nothing happens.
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue.next(), attempt(5));
}

TEST(JobQueueTest, KeepsNoRunWaitingForTheJobsThatKeepComingForAnother) {
  JobQueue queue;
  std::uint64_t seq = 0;
  for (; seq < 10; ++seq) queue.add(job(1, seq), attempt(seq));
  queue.add(job(2, 0), attempt(1000));
  std::uint64_t taken = 0;
  for (; queue.next() != attempt(1000) && taken < 100; ++taken) {
    queue.remove(job(1, taken), attempt(taken));
    queue.add(job(1, seq), attempt(seq));
    ++seq;
  }
  EXPECT_EQ(taken, 10U) << "those that were there before it";
}

}  // namespace
}  // namespace sheaf::worker
