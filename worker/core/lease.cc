#include "worker/core/lease.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "common/base/mark.h"
#include "common/wire/limits.h"

namespace sheaf::worker {

namespace {

/// Rounded down: a lease may be too short by that, never too long.
std::uint64_t mark_of(Instant when) {
  return static_cast<std::uint64_t>(milliseconds(when.time_since_epoch()));
}

}  // namespace

std::uint64_t Lease::make_mark(Instant now) {
  const std::uint64_t mark = mark_of(now);
  // Before the first Welcome nobody knows how long a lease is, and Hellos are repeated for as long as there is no master.
  const Duration useful = length_ > Duration::zero() ? length_ / 2 : wire::kLease / 2;
  sent_.erase(sent_.begin(), sent_.lower_bound(mark_of(now - std::min(useful, now.time_since_epoch()))));
  sent_.insert(mark);
  last_sent_ = now;
  return mark;
}

bool Lease::confirm(Instant now, std::uint64_t mark) {
  const auto sent = sent_.find(mark);
  if (sent == sent_.end()) {
    SHEAF_MARK("worker_ignored_a_lease_mark");
    return false;
  }
  sent_.erase(sent_.begin(), std::next(sent));  // An older one that comes after this is of no use.
  const Instant until = Instant(std::chrono::milliseconds(mark)) + length_ / 2;
  if (until <= now || until <= until_) return false;
  until_ = until;
  return true;
}

std::optional<Instant> Lease::renewal_due() const {
  if (length_ == Duration::zero()) return std::nullopt;
  return last_sent_ + length_ / wire::kRenewalsPerLease;
}

}  // namespace sheaf::worker
