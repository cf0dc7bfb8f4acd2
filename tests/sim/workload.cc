#include "tests/sim/workload.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "common/runtime/blob.h"
#include "tests/sim/random.h"

namespace sheaf::sim {

namespace {

/// A size as jobs have it: nothing, little, some, and rarely more than a message takes.
std::uint64_t pick_size(Random& random, bool has_large, bool may_be_empty) {
  const std::uint64_t dice = random.below(1000);
  if (dice < 50) return may_be_empty ? 0 : 24;
  if (has_large && dice < 90) return random.between(kInlinePayloadBytesMax + 1, 3 * kInlinePayloadBytesMax);
  if (has_large && dice < 100) return kInlinePayloadBytesMax;
  if (has_large && dice < 110) return 5 * kInlinePayloadBytesMax + 1;  // More than the window that a receiver grants.
  if (dice < 800) return random.between(24, 2000);
  return random.between(2000, 40'000);
}

std::string fill(Random& random, std::uint64_t size) {
  std::string bytes(size, '\0');
  for (std::uint64_t i = 0; i < size; i += 8) {
    const std::uint64_t word = random.next();
    std::memcpy(bytes.data() + i, &word, std::min<std::uint64_t>(8, size - i));
  }
  return bytes;
}

Random of_job(std::uint64_t seed, std::uint64_t seq, std::uint32_t what) {
  return Random(Random(seed ^ (seq * 0xD6E8FEB86659FD93)).next() + what);
}

/// A payload that begins so has no empty result: those of a job that is done again must differ, or the oracle could not tell
/// them apart.
constexpr char kNeverEmpty = '!';

constexpr std::uint32_t kUnitsStream = 1000;
constexpr std::uint32_t kRevisionStream = 1001;

}  // namespace

Digest digest_of_text(const std::string& text) {
  return digest_of(std::as_bytes(std::span(text.data(), text.size())));
}

std::string Workload::setup() const {
  return (has_large ? "L" : "S") + std::to_string(seed);
}

std::string Workload::payload(std::uint64_t seq, std::uint32_t revision) const {
  Random random = of_job(seed, seq, revision);
  const bool is_redone = good_revision(seq) > 0;
  std::string bytes = fill(random, pick_size(random, has_large, !is_redone));
  if (is_redone) bytes.front() = kNeverEmpty;
  return bytes;
}

std::uint32_t Workload::good_revision(std::uint64_t seq) const {
  Random random = of_job(seed, seq, kRevisionStream);
  if (!random.chance(redone)) return 0;
  return random.chance(300) ? 2 : 1;
}

std::uint64_t Workload::units(std::uint64_t seq) const {
  return of_job(seed, seq, kUnitsStream).between(1, 100);
}

std::uint64_t Workload::units_total() const {
  std::uint64_t total = 0;
  for (std::uint64_t seq = 0; seq < jobs; ++seq) total += units(seq);
  return total;
}

std::string result_of(const std::string& setup, const std::string& payload) {
  Random random(digest_of_text(setup + payload).low);
  const bool may_be_empty = payload.empty() || payload.front() != kNeverEmpty;
  return fill(random, pick_size(random, setup.starts_with('L'), may_be_empty));
}

std::string measures_of(const std::string& payload) {
  return "took " + std::to_string(payload.size());
}

}  // namespace sheaf::sim
