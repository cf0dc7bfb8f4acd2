#pragma once

#include <cstdint>
#include <string>

#include "common/base/digest.h"
#include "common/base/ids.h"

namespace sheaf::sim {

/// What a simulated run consists of. Everything follows from the seed, so that whoever holds a workload can say what must come
/// out, and the code under test has no part in it.
struct Workload {
  std::uint64_t seed = 0;
  std::uint64_t jobs = 0;
  bool has_large = false;  ///< Some payloads and results beyond what travels inside a message.
  /// Whoever makes the input reads the output: each job comes when the one before is bound, and nobody knows how many.
  bool is_conversation = false;
  std::uint64_t redone = 0;  ///< Per thousand jobs: those whose first results the stage does not accept.

  /// What every executor gets to know.
  std::string setup() const;
  /// Of the job after it was asked for again `revision` times.
  std::string payload(std::uint64_t seq, std::uint32_t revision) const;
  /// The revision whose result the stage accepts.
  std::uint32_t good_revision(std::uint64_t seq) const;
  std::uint64_t units(std::uint64_t seq) const;
  std::uint64_t units_total() const;
};

/// What an executor makes of a payload.
std::string result_of(const std::string& setup, const std::string& payload);

/// What it says that it took.
std::string measures_of(const std::string& payload);

Digest digest_of_text(const std::string& text);

}  // namespace sheaf::sim
