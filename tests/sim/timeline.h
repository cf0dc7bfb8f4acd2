#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "common/base/time.h"

namespace sheaf::sim {

/// Virtual time: what is to happen, in the order of time, and of when it was asked for where times are equal.
class Timeline {
 public:
  Instant now() const { return now_; }
  std::uint64_t events() const { return events_; }

  /// `when` in the past means now, after everything else that is due now.
  void at(Instant when, std::function<void()> what) { entries_.push(Entry{std::max(when, now_), next_++, std::move(what)}); }
  void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

  /// Lets the next thing happen. False when there is nothing left.
  bool step() {
    if (entries_.empty()) return false;
    // A priority_queue gives no way to move out of it; the entry is gone before anybody can look at it again.
    Entry entry = std::move(const_cast<Entry&>(entries_.top()));
    entries_.pop();
    now_ = entry.when;
    events_ += 1;
    entry.what();
    return true;
  }

 private:
  struct Entry {
    Instant when;
    std::uint64_t order = 0;
    std::function<void()> what;
    bool operator>(const Entry& other) const { return std::pair(when, order) > std::pair(other.when, other.order); }
  };

  Instant now_ = Instant(std::chrono::seconds(1));
  std::uint64_t next_ = 0;
  std::uint64_t events_ = 0;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
};

}  // namespace sheaf::sim
