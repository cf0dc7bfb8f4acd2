#pragma once

/// A rare branch that a test must reach: `SHEAF_MARK("scheduler_requeued_job")`. Tests read the counters (mark_count) and fail
/// when a simulation never came by; in production it costs one increment.
#define SHEAF_MARK(name)                                                   \
  do {                                                                     \
    static ::sheaf::MarkCounter& sheaf_mark_counter = ::sheaf::mark(name); \
    sheaf_mark_counter.hit();                                              \
  } while (false)

#include <atomic>
#include <cstdint>
#include <string_view>

namespace sheaf {

class MarkCounter {
 public:
  void hit() { count_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

/// The counter of that name, made at first use. Thread-safe.
MarkCounter& mark(std::string_view name);

/// How often the branch was reached in this process.
std::uint64_t mark_count(std::string_view name);

}  // namespace sheaf
