#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "common/base/ids.h"
#include "common/base/time.h"
#include "common/runtime/blob.h"
#include "common/wire/message.h"
#include "common/wire/transfer.h"
#include "worker/core/actions.h"
#include "worker/core/run_setups.h"

namespace sheaf::worker {

/// An attempt that this worker was given and has not yet been told to forget.
struct HeldJob {
  enum class State {
    kReceiving,  ///< Its payload comes in parts.
    kQueued,     ///< It waits for a slot.
    kRunning,
    kFinished,  ///< Its result waits for the master's ResultAck.
  };

  JobId job;
  Attempt attempt;
  std::shared_ptr<const RunSetup> setup;
  bool is_leased = false;  ///< No two copies of it may run at the same time.
  State state = State::kQueued;
  Blob payload;  ///< Of the job until it runs, of the result when it is finished.

  Instant came_at{};
  Instant queued_at{};  ///< kQueued.

  // kReceiving.
  std::optional<wire::Download> download;
  std::deque<Bytes> parts;               ///< Have come, and wait to be written to `payload`.
  std::optional<std::uint64_t> kept_by;  ///< The KeepPart that has `payload` now.
  bool is_whole = false;                 ///< The last part has come.

  // kRunning: it has been given to an executor, and may still wait there.
  ExecutorId executor;
  std::uint64_t start_number = 0;  ///< Of all that were given to executors.
  Instant started{};
  bool is_asked_back = false;
  bool has_lapsed = false;        ///< The lease that it ran under is over: it is being ended, and answered for.
  std::optional<Instant> end_at;  ///< It was revoked, or has lapsed: when its executor is ended if it does not stop.

  // kFinished.
  v1::JobResult result;
  std::optional<wire::Upload> upload;  ///< Of a large result, on this link.
};

}  // namespace sheaf::worker
