#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/time.h"
#include "common/runtime/blob.h"

namespace sheaf::wire {

/// Of the wire. A master refuses a peer with another one, in words; it grows with every incompatible change of wire.proto.
/// 3: leases. A worker that knows of none would go on with what its master gives to others.
inline constexpr std::uint32_t kProtocolVersion = 4;

inline constexpr std::size_t kMessageBytesMax = 8 * 1024 * 1024;      ///< All frames of one message together.
inline constexpr std::size_t kHeaderBytesMax = 64 * 1024;             ///< The envelope: the first frame.
inline constexpr std::size_t kFramesMax = 257;                        ///< The envelope and at most 256 payloads.
inline constexpr std::size_t kPartBytesMax = kInlinePayloadBytesMax;  ///< One Part's bytes.
inline constexpr std::size_t kSetupBytesMax = 32 * 1024;              ///< A run's setup, and a request.
inline constexpr std::size_t kMeasuresBytesMax = 4 * 1024;            ///< What an attempt says that it took.
inline constexpr std::size_t kTextBytesMax = 4 * 1024;                ///< Any one string for people.
inline constexpr std::size_t kRepeatedMax = 256;                      ///< Any repeated field.
inline constexpr std::uint32_t kSlotsMax = 4096;                      ///< Of one worker.

/// How far ahead of what has arrived a receiver lets the sender of a large payload go.
inline constexpr std::uint64_t kPartWindowBytes = 4 * kPartBytesMax;

/// Payload bytes of jobs that are put together in one message: what is small travels together, and nothing waits long for it.
inline constexpr std::size_t kJoinedPayloadBytesMax = 1024 * 1024;

/// Windows by count, beside those by bytes: what one side may have in hand of the other.
inline constexpr std::uint64_t kFedJobsMax = 4096;        ///< Jobs of a run that are fed and not committed.
inline constexpr std::uint64_t kDeliveredJobsMax = 1024;  ///< Results that are with a stage and not accepted.
inline constexpr std::uint32_t kHeldJobsMax = 4096;       ///< Jobs that one worker holds: slots and prefetch.

/// Messages that ZeroMQ may queue for one peer, each way. ZeroMQ learns of what a peer has read only now and then: half of its
/// queue is always free for a peer that reads.
inline constexpr int kSendQueueMessagesMax = 10'000;
inline constexpr int kReceiveQueueMessagesMax = 1000;
// Even with one job a message no window fills a queue. What does (several windows at once, parts of large payloads, a peer that
// reads nothing) waits in an Outbox.
static_assert(2 * kFedJobsMax <= kSendQueueMessagesMax && 2 * kDeliveredJobsMax <= kSendQueueMessagesMax &&
              2 * kHeldJobsMax <= kSendQueueMessagesMax);

/// A peer says something at least this often; the master's Welcome carries both, so that one place decides.
inline constexpr Duration kHeartbeatInterval = std::chrono::milliseconds(1000);
inline constexpr Duration kSilenceMax = std::chrono::milliseconds(4000);
/// How long a job that may not run in two copies stays with a worker that is not heard any more; Welcome carries it. The worker
/// ends what it runs of such jobs half of this after the last renewal, which it asks for every sixteenth.
inline constexpr Duration kLease = std::chrono::seconds(60);
inline constexpr int kRenewalsPerLease = 16;
/// An executor that goes on with a revoked job for so long is ended.
inline constexpr Duration kCancelGrace = std::chrono::seconds(30);
/// How long a socket that is closed still tries to send what it was given: goodbyes. What must arrive is acknowledged before
/// that.
inline constexpr Duration kFarewellMax = std::chrono::milliseconds(200);
/// An unanswered Hello is sent again after this.
inline constexpr Duration kHelloRetry = std::chrono::milliseconds(500);

}  // namespace sheaf::wire
