#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/runtime/blob.h"
#include "common/runtime/fd.h"
#include "sheaf/v1/executor.pb.h"

namespace sheaf::local {

/// A message between processes of one host, with a payload that may be an open file, or other descriptors that are passed
/// along.
struct LocalFrame {
  v1::LocalMessage message;
  Bytes body;             ///< A small payload.
  std::vector<Fd> files;  ///< A large payload, or passed descriptors (Spawned, StartCommand): as many as the message says.
};

/// Moves `payload` into `frame` and returns what its header has to say of it.
v1::LocalPayload attach_payload(Blob payload, LocalFrame& frame);
/// The payload of a received frame. Errors: kFailed when sizes do not agree.
Result<Blob> take_payload(const v1::LocalPayload& header, LocalFrame& frame);

/// One end of a socket pair (executor.proto). One thread reads and one writes, which may be the same.
class LocalStream {
 public:
  explicit LocalStream(Fd socket);

  /// Writes the whole frame, waiting if it must. Errors: kFailed when the other end is gone.
  Status send(LocalFrame frame);
  /// For loops that must not wait: the frame is queued and flush() writes what the socket takes.
  void queue(LocalFrame frame);
  Status flush();
  bool has_queued() const { return !outgoing_.empty(); }

  /// Reads what is there, at most one buffer, without blocking. Errors: kFailed when the other end is gone or talks nonsense.
  Status fill();
  /// The next whole frame among what was read; empty when there is none yet.
  Result<std::optional<LocalFrame>> next();
  /// Waits for a whole frame; empty when the other end has closed in order.
  Result<std::optional<LocalFrame>> receive();

  int fd() const { return socket_.get(); }

 private:
  struct Outgoing {
    std::string header;  ///< With its prefix.
    Bytes body;
    std::size_t sent = 0;  ///< Of both.

    bool is_sent() const { return sent == header.size() + body.size(); }
    std::vector<Fd> files;  ///< Passed with the first byte.
  };
  static Outgoing encode(LocalFrame frame);
  /// Sends from `outgoing` once. Errors as send(); true when something was taken.
  Result<bool> write_some(Outgoing& outgoing, bool wait);
  /// For one more read, behind what is in the buffer.
  void make_room();

  Fd socket_;
  std::deque<Outgoing> outgoing_;
  std::string buffer_;  ///< What was read and is not consumed: from `consumed_` to `filled_`.
  std::size_t consumed_ = 0;
  std::size_t filled_ = 0;
  std::deque<Fd> files_;  ///< Passed with what is in the buffer, in order.
  bool closed_ = false;
};

}  // namespace sheaf::local
