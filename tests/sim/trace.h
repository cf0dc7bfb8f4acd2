#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/time.h"
#include "common/runtime/bytes.h"

namespace sheaf::sim {

/// Everything that happened, as one digest: equal seeds must give equal digests. On demand also as lines for a person.
class Trace {
 public:
  explicit Trace(bool is_printed) : is_printed_(is_printed) {}

  /// A fault, or a decision of the simulator.
  void note(Instant now, std::string_view what);
  /// Frames that left or arrived: `way` is "worker-1 >>" (sent) or "master <-" (arrived), say.
  void message(Instant now, std::string_view way, const std::vector<Bytes>& frames);

  bool is_printed() const { return is_printed_; }
  Digest digest() const { return hasher_.digest(); }

 private:
  void add(Instant now, std::string_view text);

  bool is_printed_;
  Hasher hasher_;
};

}  // namespace sheaf::sim
