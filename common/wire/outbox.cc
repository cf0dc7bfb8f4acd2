#include "common/wire/outbox.h"

#include <algorithm>
#include <utility>

#include "common/base/mark.h"
#include "common/wire/limits.h"

namespace sheaf::wire {

namespace {

/// More than the framing of the two that are put together can grow by.
constexpr std::size_t kJoinSlackBytes = 64;

bool speaks_of_jobs(const v1::Envelope& envelope) {
  switch (envelope.body_case()) {
    case v1::Envelope::kFeed:
    case v1::Envelope::kAssign:
    case v1::Envelope::kResults:
    case v1::Envelope::kResultAck:
    case v1::Envelope::kRevoke:
    case v1::Envelope::kDeliver:
    case v1::Envelope::kAccept: return true;
    default: return false;
  }
}

/// Moves the entries of `from` behind those of `to`; false if they would be too many.
template <class Entries>
bool join(Entries& to, Entries& from) {
  if (static_cast<std::size_t>(to.size() + from.size()) > kRepeatedMax) return false;
  for (auto& entry : from) *to.Add() = std::move(entry);
  return true;
}

/// The two are of one kind.
bool join(v1::Envelope& to, v1::Envelope& from) {
  switch (to.body_case()) {
    case v1::Envelope::kFeed:
      return to.feed().run() == from.feed().run() &&
             join(*to.mutable_feed()->mutable_jobs(), *from.mutable_feed()->mutable_jobs());
    case v1::Envelope::kAccept:
      return to.accept().run() == from.accept().run() &&
             join(*to.mutable_accept()->mutable_jobs(), *from.mutable_accept()->mutable_jobs());
    case v1::Envelope::kAssign: return join(*to.mutable_assign()->mutable_jobs(), *from.mutable_assign()->mutable_jobs());
    case v1::Envelope::kResults:
      return join(*to.mutable_results()->mutable_results(), *from.mutable_results()->mutable_results());
    case v1::Envelope::kResultAck:
      return join(*to.mutable_result_ack()->mutable_attempts(), *from.mutable_result_ack()->mutable_attempts());
    case v1::Envelope::kRevoke:
      return join(*to.mutable_revoke()->mutable_attempts(), *from.mutable_revoke()->mutable_attempts());
    case v1::Envelope::kDeliver:
      return join(*to.mutable_deliver()->mutable_results(), *from.mutable_deliver()->mutable_results());
    default: return false;
  }
}

std::size_t bytes_of(const std::vector<Bytes>& payloads) {
  std::size_t bytes = 0;
  for (const Bytes& payload : payloads) bytes += payload.size();
  return bytes;
}

}  // namespace

void Outbox::add(Message message) {
  // A hello begins a new link: what waits belongs to the one before. And whoever cannot take the last message gains nothing by
  // a heartbeat.
  if (message.envelope.has_hello()) clear();
  if (message.envelope.has_heartbeat() && !waiting_.empty()) return;
  if (replace(message)) return;
  const std::size_t bytes = bytes_of(message.payloads);
  Waiting added{std::move(message), 0, bytes};
  payload_bytes_ += bytes;
  if (speaks_of_jobs(added.message.envelope)) {
    added.header_bytes = added.message.envelope.ByteSizeLong();
    if (join_last(added)) return;
  }
  waiting_.push_back(std::move(added));
}

bool Outbox::holds_only(v1::Envelope::BodyCase kind) const {
  return std::all_of(waiting_.begin(), waiting_.end(),
                     [&](const Waiting& waiting) { return waiting.message.envelope.body_case() == kind; });
}

bool Outbox::join_last(Waiting& added) {
  if (waiting_.empty()) return false;
  Waiting& last = waiting_.back();
  if (last.message.envelope.body_case() != added.message.envelope.body_case() ||
      last.message.envelope.epoch() != added.message.envelope.epoch()) {
    return false;
  }
  const std::size_t header_bytes = last.header_bytes + added.header_bytes + kJoinSlackBytes;
  const std::size_t payload_bytes = last.payload_bytes + added.payload_bytes;
  if (header_bytes > kHeaderBytesMax || payload_bytes > kJoinedPayloadBytesMax) return false;
  if (!join(last.message.envelope, added.message.envelope)) return false;
  std::move(added.message.payloads.begin(), added.message.payloads.end(), std::back_inserter(last.message.payloads));
  SHEAF_MARK("outbox_joined_jobs");
  last.header_bytes = header_bytes;
  last.payload_bytes = payload_bytes;
  return true;
}

bool Outbox::replace(Message& message) {
  const v1::Envelope& envelope = message.envelope;
  const auto is_older = [&](const Waiting& waiting) {
    const v1::Envelope& other = waiting.message.envelope;
    if (other.epoch() != envelope.epoch() || other.body_case() != envelope.body_case()) return false;
    // Both say how things stand, not what has changed.
    if (envelope.has_run_update()) return other.run_update().run() == envelope.run_update().run();
    return envelope.has_feed_credit() && other.feed_credit().run() == envelope.feed_credit().run();
  };
  if (!envelope.has_run_update() && !envelope.has_feed_credit()) return false;
  const auto older = std::find_if(waiting_.begin(), waiting_.end(), is_older);
  if (older == waiting_.end()) return false;
  SHEAF_MARK("outbox_replaced_a_state");
  older->message = std::move(message);
  return true;
}

}  // namespace sheaf::wire
