#include "tests/sim/client.h"

#include <utility>

namespace sheaf::sim {

namespace {

v1::Hello hello_of_client(v1::Hello hello) {
  hello.set_role(v1::ROLE_CLIENT);
  return hello;
}

}  // namespace

SimClient::SimClient(Timeline& timeline, Network& network, Random random, std::string name, std::uint64_t tag,
                     v1::RunDescription run, Verdict& verdict)
    : Process(timeline, name),
      random_(random),
      tag_(tag),
      description_(std::move(run)),
      verdict_(verdict),
      link_(hello_of_client(hello_of(*this, random_))),
      port_(
          network, *this,
          [this](Result<wire::Message> message) {
            if (!message) return verdict_.fail("a message to a client was refused: " + message.error().what);
            on_message(*message);
          },
          [this] { flush(); }) {}

void SimClient::start() {
  port_.open();
  post([] {});
}

void SimClient::kill() {
  end();
  port_.close(false);
}

void SimClient::cancel() {
  post([this] {
    if (!run_ || end_ || !link_.is_welcomed()) return;
    v1::Envelope message = link_.envelope();
    message.mutable_cancel_run()->set_run(run_->value);
    message.mutable_cancel_run()->set_reason("the simulator has changed its mind");
    send(std::move(message));
  });
}

void SimClient::on_message(const wire::Message& message) {
  const v1::Envelope& envelope = message.envelope;
  switch (link_.on_message(now(), envelope)) {
    case wire::PeerLink::Event::kWelcomed: {
      v1::Envelope submit = link_.envelope();
      submit.mutable_submit()->set_tag(tag_);
      *submit.mutable_submit()->mutable_run() = description_;
      send(std::move(submit));
      return;
    }
    case wire::PeerLink::Event::kRefused: return verdict_.fail("the client was refused: " + link_.refusal().text());
    case wire::PeerLink::Event::kNone: break;
    default: return;
  }
  if (envelope.has_submitted()) {
    const RunId run{envelope.submitted().run()};
    verdict_.require(!run_ || *run_ == run, "submitted again, it is another run");
    run_ = run;
    on_submitted(run, envelope.submitted().stage_token());
  } else if (envelope.has_run_update()) {
    on_update(envelope.run_update());
  }
}

void SimClient::on_update(const v1::RunUpdate& update) {
  if (!run_) return;  // Submitted was lost with a link: it is on its way again.
  verdict_.require(update.run() == run_->value, "an update of another run");
  verdict_.require(update.units_bound() >= units_bound_, "less is bound than before");
  verdict_.require(
      update.units_bound() <= update.units_done() && (!update.has_units_total() || update.units_done() <= update.units_total()),
      "an update whose numbers contradict each other");
  units_bound_ = update.units_bound();
  const bool is_end = update.state() >= v1::RUN_DONE;
  verdict_.require(!end_ || (is_end && update.state() == end_->state()), "the run has ended in two ways");
  if (is_end) end_ = update;
}

void SimClient::send(v1::Envelope envelope) {
  link_.on_sent(now());
  outbox_.add(wire::Message{std::move(envelope), {}});
  flush();
}

void SimClient::flush() {
  outbox_.flush([this](const wire::Message& message) { return port_.send(message); });
}

std::optional<Instant> SimClient::next_deadline() const {
  return link_.next_deadline();
}

void SimClient::on_time() {
  std::vector<wire::Message> out;
  link_.on_time(now(), out);
  for (wire::Message& message : out) outbox_.add(std::move(message));
  flush();
}

}  // namespace sheaf::sim
