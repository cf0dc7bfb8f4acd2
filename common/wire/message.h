#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/runtime/bytes.h"
#include "sheaf/v1/wire.pb.h"

namespace sheaf::wire {

/// One logical message: a header and the payloads that belong to it, in the order in which the header names them.
struct Message {
  v1::Envelope envelope;
  std::vector<Bytes> payloads;
};

/// The first frame of `message` as it goes over the wire, the serialized envelope; the payloads follow as they are.
///
/// It must pass validate() and the limits (checked: what we send is ours).
std::string encode_header(const Message& message);
/// All frames.
std::vector<Bytes> encode(const Message& message);

/// Errors: kCluster, for more frames or bytes than a message may have.
Status check_size(std::size_t frames, std::size_t bytes);
/// The message in `frames`, or why it is refused, in words. Nothing is parsed before its size is checked, and nothing passes
/// that validate() does not pass.
Result<Message> decode(std::vector<Bytes> frames);

/// `text` as a message may carry it to a person: valid UTF-8, at most kTextBytesMax.
std::string wire_text(std::string_view text);

// Ids and digests between the wire and the code.
v1::JobRef to_wire(JobId job);
v1::AttemptRef to_wire(Attempt attempt);
v1::JobAttempt to_wire(JobId job, Attempt attempt);
v1::Session to_wire(SessionId session);
v1::PayloadRef payload_ref(std::uint64_t bytes, Digest digest, bool inlined);
v1::Fault to_wire(const Error& error);
JobId from_wire(const v1::JobRef& job);
Attempt from_wire(const v1::AttemptRef& attempt);
SessionId from_wire(const v1::Session& session);
Digest digest_from(const v1::PayloadRef& payload);
/// Whether `bytes`, which came with that header, are what was sent.
bool is_intact(std::string_view bytes, const v1::PayloadRef& payload);
Error from_wire(const v1::Fault& fault);

}  // namespace sheaf::wire
