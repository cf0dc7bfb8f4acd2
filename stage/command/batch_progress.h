#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace sheaf::stage {

/// What the source and the sink of a batch know of each other: which items are under way, so that a message can name one.
/// Thread-safe. As many entries as the credit allows.
class BatchProgress {
 public:
  /// `seq`: of the job. `values`: for people.
  void begin(std::uint64_t seq, std::string values) {
    const std::lock_guard lock(mutex_);
    under_way_[seq] = std::move(values);
  }
  /// The values of one that has ended; it is forgotten.
  std::string end(std::uint64_t seq) {
    const std::lock_guard lock(mutex_);
    auto entry = under_way_.extract(seq);
    return entry.empty() ? std::string() : std::move(entry.mapped());
  }

 private:
  std::mutex mutex_;
  std::map<std::uint64_t, std::string> under_way_;
};

}  // namespace sheaf::stage
