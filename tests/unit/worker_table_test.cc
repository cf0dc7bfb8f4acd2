#include "master/core/worker_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace sheaf::master {
namespace {

const KindFingerprints kVideo = {{"video", "one build"}};

std::vector<std::uint64_t> by_load(const WorkerTable& table, const WorkerNeed& need = {"video", {}}) {
  std::vector<std::uint64_t> ids;
  for (const auto& [load, id] : table.by_load(need)) ids.push_back(id.value);
  return ids;
}
JobId job(std::uint64_t seq) {
  return {RunId{1}, {seq, 0}};
}

TEST(WorkerTableTest, PutsTheWorkerWithMostFreeSlotsFirst) {
  WorkerTable table;
  Worker& a = table.join({.id = WorkerId{1}, .slots = 2, .prefetch = 1, .bytes_max = 100, .kinds = kVideo});
  table.join({.id = WorkerId{2}, .slots = 3, .bytes_max = 100, .kinds = kVideo});
  EXPECT_EQ(by_load(table), (std::vector<std::uint64_t>{2, 1}));
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(by_load(table), (std::vector<std::uint64_t>{2, 1}));
    table.hold(a, job(i), {{1, i + 1}, 10});
    table.check_invariants();
  }
  EXPECT_EQ(by_load(table), (std::vector<std::uint64_t>{2})) << "slots and prefetch are used up";
  table.release(a, job(1), {1, 2});
  EXPECT_EQ(by_load(table), (std::vector<std::uint64_t>{2, 1}));
  EXPECT_EQ(a.held_bytes, 20U);
}

TEST(WorkerTableTest, ReleasesOnlyTheAttemptThatIsHeld) {
  WorkerTable table;
  Worker& a = table.join({.id = WorkerId{1}});
  table.hold(a, job(0), {{1, 7}, 10});
  table.release(a, job(0), {1, 6});
  table.release(a, job(1), {1, 7});
  EXPECT_EQ(a.held.size(), 1U);
}

TEST(WorkerTableTest, TakesExpiredAndDrainingWorkersOutOfUse) {
  WorkerTable table;
  Worker& a = table.join({.id = WorkerId{1}, .slots = 2, .kinds = kVideo});
  Worker& b = table.join({.id = WorkerId{2}, .slots = 3, .kinds = kVideo});
  EXPECT_EQ(table.view().slots, 5U);
  table.set_expired(a, true);
  table.set_draining(b);
  table.check_invariants();
  EXPECT_TRUE(by_load(table).empty());
  EXPECT_EQ(table.view().usable, 0U);
  EXPECT_EQ(table.view().workers, 2U);
  table.set_expired(a, false);
  EXPECT_EQ(table.view().slots, 2U);
}

TEST(WorkerTableTest, FindsThoseWhoDoAKindAndThoseOfOneBuild) {
  using Ids = std::vector<std::uint64_t>;
  WorkerTable table;
  Worker& both = table.join({.id = WorkerId{1}, .slots = 2, .kinds = {{"video", "old"}, {"command", ""}}});
  table.join({.id = WorkerId{2}, .slots = 1, .kinds = {{"video", "new"}}});
  table.join({.id = WorkerId{3}, .slots = 4, .kinds = {{"command", ""}}});
  EXPECT_EQ(by_load(table, {"video", {}}), (Ids{1, 2}));
  EXPECT_EQ(by_load(table, {"video", "new"}), Ids{2});
  EXPECT_EQ(by_load(table, {"command", {}}), (Ids{3, 1}));
  EXPECT_EQ(by_load(table, {"command", "old"}), Ids{});
  EXPECT_EQ(table.usable({"command", {}}), (UsableWorkers{2, 6}));
  table.hold(both, job(0), {{1, 1}, 10});
  table.hold(both, job(1), {{1, 2}, 10});  // Its slots are the same for all kinds.
  EXPECT_EQ(by_load(table, {"video", {}}), Ids{2});
  EXPECT_EQ(by_load(table, {"command", {}}), Ids{3});
  table.check_invariants();
  table.remove(WorkerId{1});
  EXPECT_EQ(table.usable({"video", "old"}), UsableWorkers{});
  table.check_invariants();
}

TEST(WorkerTableTest, KnowsWhoHasBeenSilentForLongest) {
  WorkerTable table;
  EXPECT_EQ(table.most_silent(), std::nullopt);
  Worker& a = table.join({.id = WorkerId{1}});
  table.join({.id = WorkerId{2}, .heard = Instant(Duration(5))});
  table.set_heard(a, Instant(Duration(9)));
  EXPECT_EQ(table.most_silent()->second, WorkerId{2});
  table.remove(WorkerId{2});
  EXPECT_EQ(table.most_silent()->second, WorkerId{1});
  table.check_invariants();
}

TEST(WorkerTest, FitsABudgetOrOneJob) {
  Worker worker{.id = WorkerId{1}, .bytes_max = 100};
  EXPECT_TRUE(worker.fits(1000));
  worker.held.emplace(job(0), Held{{1, 1}, 60});
  worker.held_bytes = 60;
  EXPECT_TRUE(worker.fits(40));
  EXPECT_FALSE(worker.fits(41));
}

}  // namespace
}  // namespace sheaf::master
