#include "worker/core/executor_table.h"

#include <gtest/gtest.h>

#include "worker/core/limits.h"

namespace sheaf::worker {
namespace {

const ExecutorFacts kFacts{1, {{"video", "fingerprint"}}};

TEST(ExecutorTableTest, WaitsTwiceAsLongAfterEachLossInARow) {
  ExecutorTable table(1, 1, 1);
  Instant now{};
  Actions actions;
  Duration expected = kRestartDelayMin;
  for (int loss = 0; loss < 12; ++loss) {
    table.start_due(now, actions);
    ASSERT_EQ(actions.size(), 1U);
    const ExecutorId executor = std::get<StartExecutor>(actions[0]).executor;
    EXPECT_EQ(executor.value, static_cast<std::uint64_t>(loss) + 1);  // Never one that was used before.
    actions.clear();
    EXPECT_TRUE(table.on_ready(executor, kFacts));
    EXPECT_TRUE(table.on_lost(now, executor));
    EXPECT_EQ(table.next_deadline(), now + std::min(expected, kRestartDelayMax));
    table.start_due(now + std::min(expected, kRestartDelayMax) - Duration(1), actions);
    EXPECT_TRUE(actions.empty());
    now += std::min(expected, kRestartDelayMax);
    expected *= 2;
  }
}

TEST(ExecutorTableTest, ForgetsEarlierLossesOnceAJobIsDone) {
  ExecutorTable table(1, 1, 1);
  Actions actions;
  Instant now{};
  for (std::uint64_t id = 1; id <= 4; ++id) {
    now = table.next_deadline().value_or(now);
    table.start_due(now, actions);
    table.on_ready(ExecutorId{id}, kFacts);
    if (id == 4) {
      table.give(now, ExecutorId{id}, std::make_shared<const RunSetup>(), actions);
      table.on_job_ended(now, ExecutorId{id}, now);
    }
    table.on_lost(now, ExecutorId{id});
  }
  EXPECT_EQ(table.next_deadline(), now + kRestartDelayMin);
}

/// One executor of one slot, which is ready.
class OneExecutorTest : public ::testing::Test {
 protected:
  OneExecutorTest() {
    table.start_due(now, actions);
    table.on_ready(ExecutorId{1}, kFacts);
  }
  void give() { table.give(now, ExecutorId{1}, setup, actions); }
  void end(std::uint32_t jobs, Duration each) {
    for (std::uint32_t i = 0; i < jobs; ++i) table.on_job_ended(now += each, ExecutorId{1}, Instant{});
  }
  /// Gives it what it is to have ahead.
  std::uint32_t room() {
    std::uint32_t given = 0;
    for (; table.with_room_ahead(0) && given < 1000; ++given) give();
    return given;
  }

  ExecutorTable table{1, 1, 1};
  Actions actions;
  const std::shared_ptr<const RunSetup> setup = std::make_shared<const RunSetup>();
  Instant now{};
};

TEST_F(OneExecutorTest, HasRoomAheadForWhatIsDoneInNoTime) {
  give();
  EXPECT_EQ(room(), 0U) << "nothing is known of it";
  EXPECT_TRUE(table.is_full());
  end(1, kAheadTime / 4);
  EXPECT_FALSE(table.is_full());
  give();
  EXPECT_EQ(room(), 4U);
  EXPECT_TRUE(table.is_full()) << "slots count, not what waits behind";
  end(4, Duration(1));
  EXPECT_TRUE(table.is_full());
  end(1, Duration(1));
  EXPECT_FALSE(table.is_full());
  for (int i = 0; i < 100; ++i) {
    give();
    end(1, Duration(1));
  }
  give();
  EXPECT_EQ(room(), kAheadMax);
  end(kAheadMax + 1, std::chrono::seconds(1));
  give();
  EXPECT_EQ(room(), 0U) << "long jobs again";
}

TEST_F(OneExecutorTest, GetsNothingAheadWhileItIsStuck) {
  give();
  table.on_job_ended(now, ExecutorId{1}, now);
  for (int i = 0; i < 3; ++i) give();
  EXPECT_EQ(table.next_deadline(), now + kQueuedMax);
  now += kQueuedMax;
  EXPECT_EQ(table.take_stuck(now), std::vector{ExecutorId{1}});
  EXPECT_TRUE(table.take_stuck(now).empty());
  for (int i = 0; i < 2; ++i) table.on_job_returned(ExecutorId{1});
  EXPECT_FALSE(table.with_room_ahead(0)) << "the same job is still there";
  table.on_job_ended(now, ExecutorId{1}, Instant{});
  EXPECT_TRUE(table.with_free_slot(0));
  give();
  EXPECT_FALSE(table.with_room_ahead(0)) << "it was slow";
  table.on_job_ended(now, ExecutorId{1}, now);
  EXPECT_EQ(table.next_deadline(), std::nullopt);
}

TEST(ExecutorTableTest, CountsOnlyTheStartsThatFailedInARow) {
  ExecutorTable table(1, 2, 1);
  Actions actions;
  table.start_due(Instant{}, actions);
  EXPECT_TRUE(table.on_lost(Instant{}, ExecutorId{1}));
  EXPECT_EQ(table.failed_starts(0), 1);
  EXPECT_TRUE(table.on_ready(ExecutorId{2}, kFacts));
  EXPECT_EQ(table.failed_starts(0), 0);
  EXPECT_TRUE(table.on_lost(Instant{}, ExecutorId{2}));  // It had been ready.
  EXPECT_EQ(table.failed_starts(0), 0);
  EXPECT_FALSE(table.on_lost(Instant{}, ExecutorId{2}));
  EXPECT_FALSE(table.on_ready(ExecutorId{2}, kFacts));
}

}  // namespace
}  // namespace sheaf::worker
