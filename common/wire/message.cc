#include "common/wire/message.h"

#include <span>
#include <string_view>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/wire/limits.h"
#include "common/wire/validate.h"

namespace sheaf::wire {

namespace {

std::vector<std::size_t> sizes_of(const std::vector<Bytes>& payloads) {
  std::vector<std::size_t> sizes;
  sizes.reserve(payloads.size());
  for (const Bytes& payload : payloads) sizes.push_back(payload.size());
  return sizes;
}

tl::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::kCluster, std::move(why));
}

}  // namespace

std::string encode_header(const Message& message) {
  const std::vector<std::size_t> sizes = sizes_of(message.payloads);
  const std::optional<std::string> fault = validate(message.envelope, sizes);
  SHEAF_CHECK(!fault);
  std::string header = message.envelope.SerializeAsString();
  SHEAF_CHECK(header.size() <= kHeaderBytesMax);
  return header;
}

std::vector<Bytes> encode(const Message& message) {
  std::vector<Bytes> frames = {encode_header(message)};
  frames.insert(frames.end(), message.payloads.begin(), message.payloads.end());
  return frames;
}

Status check_size(std::size_t frames, std::size_t bytes) {
  if (frames > kFramesMax) return refuse("a message of " + std::to_string(frames) + " frames");
  if (bytes > kMessageBytesMax) return refuse("a message of " + std::to_string(bytes) + " bytes");
  return {};
}

Result<Message> decode(std::vector<Bytes> frames) {
  if (frames.empty()) return refuse("a message without a header");
  std::size_t total = 0;
  for (const Bytes& frame : frames) total += frame.size();
  if (Status fits = check_size(frames.size(), total); !fits) return propagate(fits);
  if (frames[0].size() > kHeaderBytesMax) return refuse("a header of " + std::to_string(frames[0].size()) + " bytes");

  Message message;
  if (!message.envelope.ParseFromArray(frames[0].data(), static_cast<int>(frames[0].size())))
    return refuse("a header that is no message of sheaf");
  frames.erase(frames.begin());
  message.payloads = std::move(frames);
  if (auto fault = validate(message.envelope, sizes_of(message.payloads))) return refuse(std::move(*fault));
  return message;
}

std::string wire_text(std::string_view text) {
  std::string valid = valid_utf8(text);
  if (valid.size() <= kTextBytesMax) return valid;
  std::size_t end = kTextBytesMax;
  while (end > 0 && (static_cast<unsigned char>(valid[end]) & 0xC0) == 0x80) --end;  // At a character's border.
  valid.resize(end);
  return valid;
}

v1::JobRef to_wire(JobId job) {
  v1::JobRef ref;
  ref.set_run(job.run.value);
  ref.set_seq(job.key.seq);
  ref.set_sub(job.key.sub);
  return ref;
}

v1::AttemptRef to_wire(Attempt attempt) {
  v1::AttemptRef ref;
  ref.set_epoch(attempt.epoch);
  ref.set_n(attempt.n);
  return ref;
}

v1::JobAttempt to_wire(JobId job, Attempt attempt) {
  v1::JobAttempt wire;
  *wire.mutable_job() = to_wire(job);
  *wire.mutable_attempt() = to_wire(attempt);
  return wire;
}
v1::Session to_wire(SessionId session) {
  v1::Session out;
  out.set_high(session.high);
  out.set_low(session.low);
  return out;
}

v1::PayloadRef payload_ref(std::uint64_t bytes, Digest digest, bool inlined) {
  v1::PayloadRef ref;
  ref.set_bytes(bytes);
  ref.set_digest_high(digest.high);
  ref.set_digest_low(digest.low);
  ref.set_inlined(inlined);
  return ref;
}

v1::Fault to_wire(const Error& error) {
  v1::Fault fault;
  fault.set_code(static_cast<std::uint32_t>(error.code));
  fault.set_what(wire_text(error.what));
  fault.set_where(wire_text(error.where));
  fault.set_advice(wire_text(error.advice));
  return fault;
}

JobId from_wire(const v1::JobRef& job) {
  return JobId{RunId{job.run()}, JobKey{job.seq(), job.sub()}};
}
Attempt from_wire(const v1::AttemptRef& attempt) {
  return Attempt{attempt.epoch(), attempt.n()};
}
SessionId from_wire(const v1::Session& session) {
  return SessionId{session.high(), session.low()};
}
Digest digest_from(const v1::PayloadRef& payload) {
  return Digest{payload.digest_high(), payload.digest_low()};
}

bool is_intact(std::string_view bytes, const v1::PayloadRef& payload) {
  return digest_of(std::as_bytes(std::span(bytes.data(), bytes.size()))) == digest_from(payload);
}

Error from_wire(const v1::Fault& fault) {
  return Error{static_cast<ErrorCode>(fault.code()), fault.what(), fault.where(), fault.advice()};
}

}  // namespace sheaf::wire
