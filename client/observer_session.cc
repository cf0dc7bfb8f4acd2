#include "client/observer_session.h"

#include <algorithm>
#include <utility>

namespace sheaf::client {

namespace {

v1::Hello hello_of_observer(v1::Hello hello) {
  hello.set_role(v1::ROLE_OBSERVER);
  return hello;
}

}  // namespace

ObserverSession::ObserverSession(v1::Hello hello, bool wants_workers, std::string endpoint, Instant deadline)
    : link_(hello_of_observer(std::move(hello))),
      wants_workers_(wants_workers),
      endpoint_(std::move(endpoint)),
      deadline_(deadline) {}

void ObserverSession::on_message(Instant now, const wire::Message& message, std::vector<wire::Message>& out) {
  if (ended_) return;
  const v1::Envelope& envelope = message.envelope;
  switch (link_.on_message(now, envelope)) {
    case wire::PeerLink::Event::kWelcomed:
      answer_ = MasterAnswer{};
      answer_.welcome = link_.welcome();
      answer_.took = now - greeted_.value_or(now);
      return wants_workers_ ? ask(0, out) : end(out);
    case wire::PeerLink::Event::kRefused:
      return fail(Error{ErrorCode::kCluster, link_.refusal().text(), endpoint_,
                        link_.refusal().reason() == v1::REFUSAL_PROTOCOL ? "use the same version of sheaf on both sides" : ""});
    case wire::PeerLink::Event::kLost:
    case wire::PeerLink::Event::kHandled: return;
    case wire::PeerLink::Event::kNone: break;
  }
  if (envelope.has_refused()) return fail(Error{ErrorCode::kCluster, envelope.refused().text(), endpoint_, ""});
  if (envelope.has_goodbye()) {
    return fail(Error{ErrorCode::kCluster, "the master has left: " + envelope.goodbye().reason(), endpoint_, ""});
  }
  if (!envelope.has_workers()) return;
  const v1::Workers& workers = envelope.workers();
  answer_.workers.insert(answer_.workers.end(), workers.workers().begin(), workers.workers().end());
  answer_.runs = workers.runs();
  answer_.refused_messages = workers.refused_messages();
  if (workers.has_more() && workers.workers_size() > 0) {
    ask(workers.workers().rbegin()->worker(), out);
  } else {
    end(out);
  }
}

void ObserverSession::on_time(Instant now, std::vector<wire::Message>& out) {
  if (ended_) return;
  if (!greeted_) greeted_ = now;
  link_.on_time(now, out);
  if (now < deadline_) return;
  fail(Error{ErrorCode::kCluster, link_.is_welcomed() ? "the master does not go on answering" : "no master answers there",
             endpoint_, "see whether sheaf-master runs"});
}

Instant ObserverSession::next_deadline() const {
  return std::min(deadline_, link_.next_deadline().value_or(deadline_));
}

void ObserverSession::ask(std::uint64_t after, std::vector<wire::Message>& out) {
  wire::Message message;
  message.envelope = link_.envelope();
  message.envelope.mutable_ask_workers()->set_after(after);
  out.push_back(std::move(message));
}

void ObserverSession::end(std::vector<wire::Message>& out) {
  wire::Message message;
  message.envelope = link_.envelope();
  message.envelope.mutable_goodbye()->set_reason("has seen it");
  out.push_back(std::move(message));
  ended_ = true;
}

void ObserverSession::fail(Error error) {
  error_ = std::move(error);
  ended_ = true;
}

}  // namespace sheaf::client
