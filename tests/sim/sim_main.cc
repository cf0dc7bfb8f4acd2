// sim --seeds N [--from K]    runs seeds and says how many there are in a second
// sim --seed S [--trace]      runs one, and prints everything that happens

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "common/runtime/log.h"
#include "tests/sim/cluster.h"
#include "tests/sim/reproduce.h"
#include "tests/unit/temporary_directory.h"

namespace {

std::uint64_t number(const char* text) {
  return std::strtoull(text, nullptr, 10);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 1000;
  std::uint64_t from = 1;
  bool is_traced = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--trace") {
      is_traced = true;
    } else if (i + 1 < argc && word == "--seeds") {
      seeds = number(argv[++i]);
    } else if (i + 1 < argc && word == "--from") {
      from = number(argv[++i]);
    } else if (i + 1 < argc && word == "--seed") {
      from = number(argv[++i]);
      seeds = 1;
    } else {
      std::fprintf(stderr, "usage: sim [--seeds N] [--from K] [--seed S] [--trace]\n");
      return 2;
    }
  }
  sheaf::set_up_log("sim", is_traced ? sheaf::LogLevel::kInfo : sheaf::LogLevel::kOff);
  const sheaf::TemporaryDirectory scratch;
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t failed = 0;
  std::uint64_t events = 0;
  std::uint64_t runs[3] = {0, 0, 0};
  double virtual_seconds = 0;
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    sheaf::sim::announce_seed(seed);
    const sheaf::sim::Outcome outcome = sheaf::sim::run_seed(seed, scratch.path(), is_traced);
    events += outcome.events;
    virtual_seconds += outcome.virtual_seconds;
    runs[0] += outcome.runs_done;
    runs[1] += outcome.runs_failed;
    runs[2] += outcome.runs_cancelled;
    if (seeds == 1) std::printf("seed %lu trace %s\n", static_cast<unsigned long>(seed), outcome.trace.hex().c_str());
    if (!outcome.failure) continue;
    failed += 1;
    std::printf("seed %lu: %s\n  reproduce: %s\n", static_cast<unsigned long>(seed), outcome.failure->c_str(),
                sheaf::sim::how_to_reproduce(seed).c_str());
    std::fflush(stdout);
  }
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf(
      "seeds=%lu failed=%lu seconds=%.1f seeds_per_second=%.1f events=%lu virtual_seconds=%.0f runs: done=%lu failed=%lu "
      "cancelled=%lu\n",
      static_cast<unsigned long>(seeds), static_cast<unsigned long>(failed), elapsed, static_cast<double>(seeds) / elapsed,
      static_cast<unsigned long>(events), virtual_seconds, static_cast<unsigned long>(runs[0]),
      static_cast<unsigned long>(runs[1]), static_cast<unsigned long>(runs[2]));
  return failed == 0 ? 0 : 1;
}
