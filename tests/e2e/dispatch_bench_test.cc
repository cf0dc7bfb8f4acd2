// The benchmark's own kind, with its stage and executor programs, through a whole cluster: what is neither video nor libav.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/support/e2e_test.h"

namespace sheaf::e2e {
namespace {

using DispatchBenchTest = E2eTest;

// Its sink compares each result with the job: the program fails if one is wrong, missing or out of order.
TEST_F(DispatchBenchTest, PutsThousandsOfJobsThroughACluster) {
  const Finished finished =
      run(command({program("dispatch_bench"), "--jobs", "10000", "--round-trips", "50", "--workers", "2", "--json"}));
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const auto figures = nlohmann::json::parse(finished.out);
  EXPECT_EQ(figures.at("jobs"), 10'000);
  EXPECT_GT(figures.at("jobs_per_s"), 0.0);
  EXPECT_GT(figures.at("round_trip_us").at("median"), 0.0);
  EXPECT_GE(figures.at("round_trip_us").at("p99"), figures.at("round_trip_us").at("median"));
  // What no machine's speed changes is held here (bench/README.md: targets). The executor copies what it reads; where nothing
  // is counted at all it would be less.
  for (const auto& [bytes, copies] : figures.at("copies_of_a_byte").items()) {
    EXPECT_GT(copies, 1.0) << bytes;
    EXPECT_LE(copies, 5.0) << bytes;
  }
  EXPECT_GT(figures.at("master_bytes_per_pending_job"), 0.0);
  EXPECT_LE(figures.at("master_bytes_per_pending_job"), 64.0);
}

}  // namespace
}  // namespace sheaf::e2e
