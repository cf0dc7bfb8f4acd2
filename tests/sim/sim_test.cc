#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "common/base/mark.h"
#include "common/runtime/log.h"
#include "tests/sim/cluster.h"
#include "tests/sim/reproduce.h"
#include "tests/unit/temporary_directory.h"

namespace sheaf::sim {
namespace {

constexpr std::uint64_t kSeeds = 1000;
constexpr std::uint64_t kShares = 10;

/// SHEAF_SIM_SEEDS: how many in all, for the ten shares together. SHEAF_SIM_SEED: only this one.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void check_seed(std::uint64_t seed, const std::string& scratch) {
  announce_seed(seed);
  const Outcome outcome = run_seed(seed, scratch);
  EXPECT_FALSE(outcome.failure.has_value())
      << "seed " << seed << ": " << *outcome.failure << "\nreproduce: " << how_to_reproduce(seed);
}

class SimTest : public testing::TestWithParam<std::uint64_t> {
 protected:
  SimTest() { set_up_log("sim", LogLevel::kOff); }
  const TemporaryDirectory scratch_;
};

TEST_P(SimTest, LosesDoublesReordersAndForgetsNothing) {
  const std::uint64_t only = from_environment("SHEAF_SIM_SEED", 0);
  if (only != 0) return check_seed(only, scratch_.path());
  const std::uint64_t seeds = from_environment("SHEAF_SIM_SEEDS", kSeeds);
  const std::uint64_t first = seeds * GetParam() / kShares + 1;
  const std::uint64_t last = seeds * (GetParam() + 1) / kShares;
  for (std::uint64_t seed = first; seed <= last && !HasFailure(); ++seed) check_seed(seed, scratch_.path());
}

INSTANTIATE_TEST_SUITE_P(Share, SimTest, testing::Range<std::uint64_t>(0, kShares));

TEST(SimTraceTest, IsTheSameForTheSameSeed) {
  // Goal: a failing seed can be reproduced. Method: everything that is sent and arrives, with its time, goes into one digest.
  set_up_log("sim", LogLevel::kOff);
  const TemporaryDirectory scratch;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Digest first = run_seed(seed, scratch.path()).trace;
    EXPECT_EQ(run_seed(seed, scratch.path()).trace, first) << "seed " << seed;
    EXPECT_NE(run_seed(seed + 1, scratch.path()).trace, first) << "seed " << seed;
  }
}

TEST(SimMarkTest, ComesByTheRareBranches) {
  // Goal: the simulator goes on doing what it is for. Method: every branch that is marked and that its faults can lead to is
  // reached within so many seeds; as soon as all are, there is no need to go on.
  set_up_log("sim", LogLevel::kOff);
  const TemporaryDirectory scratch;
  constexpr const char* kMarks[] = {
      "hub_ignored_a_repeated_hello",
      "master_waits_for_a_full_peer",
      "outbox_joined_jobs",
      "outbox_replaced_a_state",
      "scheduler_adopted_attempt",
      "scheduler_answer_to_unknown_run",
      "scheduler_expired_worker",
      "scheduler_gives_a_quick_worker_more",
      "scheduler_job_came_back_unstarted",
      "scheduler_keeps_last_jobs",
      "scheduler_late_answer",
      "scheduler_lease_ended",
      "scheduler_refuses_held_attempt",
      "scheduler_refuses_second_copy",
      "scheduler_reprieved_worker",
      "scheduler_requeued_job",
      "scheduler_revokes_second_copy",
      "scheduler_run_failed",
      "scheduler_second_result",
      "scheduler_spool_full",
      "scheduler_unbound_fingerprint",
      "scheduler_waits_for_bytes",
      "sim_peer_waits_for_a_full_master",
      "sim_spawner_ended_a_copy",
      "worker_asked_for_a_job_back",
      "worker_does_without_a_program",
      "worker_drain_ran_out",
      "worker_ended_an_executor_over_a_revoked_job",
      "worker_gave_up_what_had_not_begun",
      "worker_gave_up_what_its_hello_did_not_name",
      "worker_handed_back_what_waited_too_long",
      "worker_ignored_a_lease_mark",
      "worker_lease_ended",
      "worker_lost_the_link",
      "worker_returned_a_job_that_waited_in_a_lost_executor",
      "worker_started_a_job_ahead",
      "worker_waits_for_the_end_of_what_lapsed",
  };
  const auto missing = [&] {
    std::string names;
    for (const char* name : kMarks) {
      if (mark_count(name) == 0) names += std::string(" ") + name;
    }
    return names;
  };
  for (std::uint64_t seed = 1; seed <= 2000 && !missing().empty(); ++seed) check_seed(seed, scratch.path());
  EXPECT_EQ(missing(), "");
}

}  // namespace
}  // namespace sheaf::sim
