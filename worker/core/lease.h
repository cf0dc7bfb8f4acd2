#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "common/base/time.h"

namespace sheaf::worker {

/// Until when this worker may run what no other worker may run at the same time, as far as it knows.
///
/// The master counts from when it heard this worker last; so only what it must have heard makes the lease longer: an answer to
/// a message of ours, from the time at which that was sent. An answer that was long on its way is of little use, as it should
/// be.
class Lease {
 public:
  /// As Welcome has it: how long the master waits. A worker stops half of it before.
  void set_length(Duration length) { length_ = length; }

  /// For a message that is sent now.
  std::uint64_t make_mark(Instant now);
  /// The mark has come back. True if the lease is longer now.
  bool confirm(Instant now, std::uint64_t mark);
  /// It is over: there is none until a mark comes back.
  void end() { until_.reset(); }

  /// Empty: there is none.
  std::optional<Instant> until() const { return until_; }
  /// When the next mark is to be sent; empty before the first Welcome.
  std::optional<Instant> renewal_due() const;

 private:
  Duration length_{};
  std::set<std::uint64_t> sent_;  ///< Marks that may still come back and be of use.
  Instant last_sent_{};
  std::optional<Instant> until_;
};

}  // namespace sheaf::worker
