#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/digest.h"
#include "common/base/ids.h"
#include "common/wire/message.h"

namespace sheaf::wire {

/// The sender's side of one payload that travels as parts: how far the receiver lets it go, and how far it has got. Where the
/// bytes are is the owner's business. Pure.
class Upload {
 public:
  Upload(JobId job, Attempt attempt, std::uint64_t bytes) : job_(job), attempt_(attempt), bytes_(bytes) {}

  JobId job() const { return job_; }
  Attempt attempt() const { return attempt_; }
  bool is_for(const v1::TransferRef& transfer) const;

  /// The receiver lets it go up to byte `until`. No further than kPartWindowBytes ahead, whatever it says: a receiver of ours
  /// never asks for more, and the queue of a socket counts messages, not bytes.
  void grant(std::uint64_t until);

  struct Range {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  /// The next part that may be sent; empty while there is no credit, and at the end.
  std::optional<Range> next() const;
  /// The header of that part, which from now on counts as sent.
  v1::Part take(Range range);
  bool is_done() const { return sent_ == bytes_; }

 private:
  JobId job_;
  Attempt attempt_;
  std::uint64_t bytes_;
  std::uint64_t granted_ = 0;
  std::uint64_t sent_ = 0;
};

/// The receiver's side: takes parts in order and no more than it has asked for, and says at the end whether they are what was
/// announced. Pure; the owner keeps the bytes.
class Download {
 public:
  Download(JobId job, Attempt attempt, const v1::PayloadRef& announced);

  JobId job() const { return job_; }
  Attempt attempt() const { return attempt_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t received() const { return received_; }

  /// The credit that is worth sending now; empty when what was granted before will do.
  std::optional<v1::PartCredit> grant();

  enum class Taken {
    kMore,     ///< Keep the bytes; more will come.
    kWhole,    ///< Keep the bytes; that was all, and the digest is right.
    kRefused,  ///< Out of order, beyond the credit, or of another digest: drop the payload.
  };
  /// The bytes of `part` belong at received() as it was before the call.
  Taken take(const v1::Part& part, std::string_view bytes);

 private:
  JobId job_;
  Attempt attempt_;
  std::uint64_t bytes_;
  Digest digest_;
  Hasher hasher_;
  std::uint64_t received_ = 0;
  std::uint64_t granted_ = 0;
};

}  // namespace sheaf::wire
