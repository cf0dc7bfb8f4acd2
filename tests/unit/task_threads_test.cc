#include "common/runtime/task_threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <future>

namespace sheaf {
namespace {

using ::testing::ElementsAre;

bool wakes(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, 30'000) == 1;
}

TEST(TaskThreadsTest, DoesTasksInOrderAndWakesWhoWaits) {
  auto threads = TaskThreads<int, int>::make(1, [](int task) { return 10 * task; });
  ASSERT_TRUE(threads);
  for (int task = 1; task <= 3; ++task) (*threads)->post(task);
  std::vector<int> done;
  while (done.size() < 3) {
    ASSERT_TRUE(wakes((*threads)->fd()));
    for (const int one : (*threads)->take_done()) done.push_back(one);
  }
  EXPECT_THAT(done, ElementsAre(10, 20, 30));
}

TEST(WorkThreadsTest, BeginsEachThreadBeforeItsFirstTask) {
  std::atomic<int> begun = 0;
  std::promise<bool> was_begun;
  thread_local bool is_begun = false;
  {
    WorkThreads<int> threads(
        2, [&was_begun](int) { was_begun.set_value(is_begun); },
        [&begun] {
          is_begun = true;
          begun += 1;
        });
    threads.post(1);
    EXPECT_TRUE(was_begun.get_future().get());
  }
  EXPECT_EQ(begun, 2);
}

TEST(TaskThreadsTest, WaitsAtItsEndForWhatHasBegunAndDropsTheRest) {
  // Goal: nobody who is told to leave waits for work that was only queued. Method: the first task ends when the second one,
  // which waits behind it, is gone; the second one must not have been done.
  struct Task {
    bool is_first = false;
    std::shared_ptr<void> until_gone;
  };
  std::promise<void> begun;
  std::promise<void> second_is_gone;
  std::atomic<int> first_done = 0;
  std::atomic<int> second_done = 0;
  auto threads = TaskThreads<Task, int>::make(1, [&](Task task) {
    if (!task.is_first) return second_done += 1;
    begun.set_value();
    EXPECT_EQ(second_is_gone.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
    return first_done += 1;
  });
  ASSERT_TRUE(threads);
  (*threads)->post({true, nullptr});
  begun.get_future().wait();
  (*threads)->post({false, std::shared_ptr<void>(nullptr, [&](void*) { second_is_gone.set_value(); })});
  threads->reset();
  EXPECT_EQ(first_done, 1);
  EXPECT_EQ(second_done, 0);
}

}  // namespace
}  // namespace sheaf
