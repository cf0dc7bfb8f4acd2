#include "common/wire/transfer.h"

#include <algorithm>
#include <span>

#include "common/base/check.h"
#include "common/wire/limits.h"

namespace sheaf::wire {

bool Upload::is_for(const v1::TransferRef& transfer) const {
  return from_wire(transfer.job()) == job_ && from_wire(transfer.attempt()) == attempt_;
}

void Upload::grant(std::uint64_t until) {
  granted_ = std::max(granted_, std::min({until, bytes_, sent_ + kPartWindowBytes}));
}

std::optional<Upload::Range> Upload::next() const {
  if (sent_ >= granted_) return std::nullopt;
  return Range{sent_, std::min<std::uint64_t>(granted_ - sent_, kPartBytesMax)};
}

v1::Part Upload::take(Range range) {
  SHEAF_CHECK(range.offset == sent_ && range.offset + range.size <= granted_);
  sent_ += range.size;
  v1::Part part;
  *part.mutable_transfer()->mutable_job() = to_wire(job_);
  *part.mutable_transfer()->mutable_attempt() = to_wire(attempt_);
  part.set_offset(range.offset);
  part.set_last(is_done());
  return part;
}

Download::Download(JobId job, Attempt attempt, const v1::PayloadRef& announced)
    : job_(job), attempt_(attempt), bytes_(announced.bytes()), digest_(digest_from(announced)) {}

std::optional<v1::PartCredit> Download::grant() {
  const std::uint64_t until = std::min(bytes_, received_ + kPartWindowBytes);
  // At least a part more than before, or the end: anything less is not worth a message.
  if (until <= granted_ || (until < bytes_ && until - granted_ < kPartBytesMax)) return std::nullopt;
  granted_ = until;
  v1::PartCredit credit;
  *credit.mutable_transfer()->mutable_job() = to_wire(job_);
  *credit.mutable_transfer()->mutable_attempt() = to_wire(attempt_);
  credit.set_until(until);
  return credit;
}

Download::Taken Download::take(const v1::Part& part, std::string_view bytes) {
  if (part.offset() != received_ || bytes.size() > granted_ - received_) return Taken::kRefused;
  hasher_.update(std::as_bytes(std::span(bytes.data(), bytes.size())));
  received_ += bytes.size();
  if (part.last() != (received_ == bytes_)) return Taken::kRefused;
  if (!part.last()) return Taken::kMore;
  return hasher_.digest() == digest_ ? Taken::kWhole : Taken::kRefused;
}

}  // namespace sheaf::wire
