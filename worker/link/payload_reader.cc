#include "worker/link/payload_reader.h"

#include <utility>

namespace sheaf::worker {

Result<std::unique_ptr<PayloadReader>> make_payload_reader() {
  return PayloadReader::make(1, [](UnreadResult unread) {
    const v1::LocalPayload header = unread.frame.message.done().payload();
    auto payload = local::take_payload(header, unread.frame);
    return ReadResult{unread.executor, std::move(unread.frame), std::move(payload)};
  });
}

}  // namespace sheaf::worker
