#include "tests/sim/master.h"

#include <utility>

namespace sheaf::sim {

using namespace std::chrono_literals;

SimMaster::SimMaster(Timeline& timeline, Network& network, Random random, const master::HubConfig& config,
                     const std::string& directory, Verdict& verdict)
    : Process(timeline, "master"),
      network_(network),
      random_(random),
      config_(config),
      verdict_(verdict),
      auditor_(config_, verdict),
      disk_(directory),
      spool_(disk_),
      hub_(config_, *this, *this, spool_, [this] { return random_.next(); }) {
  network_.set_master([this](wire::PeerAddress from, Result<wire::Message> message) {
    auto arrived = std::make_shared<Result<wire::Message>>(std::move(message));
    post([this, from = std::move(from), arrived] {
      network_.taken_by_master(from);
      if (*arrived) auditor_.on_arrived(from, **arrived);
      hub_.on_message(now(), from, std::move(*arrived));
      auditor_.check_windows(hub_);
      // At the end of a turn, which has taken some more messages or not.
      if (random_.chance(500)) return flush();
      retry_ = std::min(retry_.value_or(now() + 500us), now() + random_.duration(0us, 500us));
    });
  });
  post([] {});
}

void SimMaster::stage_exited(RunId run, const std::string& how) {
  post([this, run, how] {
    hub_.on_stage_exited(now(), run, how);
    flush();
  });
}

void SimMaster::send(const wire::PeerAddress& to, wire::Message message) {
  if (message.envelope.has_submitted()) {
    on_submitted(RunId{message.envelope.submitted().run()}, message.envelope.submitted().tag());
  }
  auditor_.on_sent(hub_, to, message);
  outboxes_.send(to, std::move(message));
}

void SimMaster::flush() {
  const auto send = [this](const wire::PeerAddress& to, const wire::Message& message) {
    return network_.send_from_master(to, message);
  };
  for (auto gone = outboxes_.flush(send); !gone.empty(); gone = outboxes_.flush(send)) {
    for (const wire::PeerAddress& address : gone) {
      verdict_.require(!network_.is_whole(address), "somebody was taken for gone who is there");
      auditor_.on_gone(address);
      hub_.on_gone(now(), address);
    }
  }
  retry_.reset();
  if (!outboxes_.is_empty()) retry_ = now() + master::PeerOutboxes::kRetry;
}

Status SimMaster::start(RunId run, const std::string& /*program*/, const std::string& token, std::uint32_t incarnation) {
  v1::StageHello identity;
  identity.set_run(run.value);
  identity.set_token(token);
  identity.set_incarnation(incarnation);
  on_start_stage(run, identity);
  return {};
}

void SimMaster::stop(RunId run) {
  on_stop_stage(run);
}

std::optional<Instant> SimMaster::next_deadline() const {
  const auto due = hub_.next_deadline();
  return due && retry_ ? std::min(*due, *retry_) : (due ? due : retry_);
}

void SimMaster::on_time() {
  if (const auto due = hub_.next_deadline(); due && now() >= *due) hub_.on_time(now());
  auditor_.check_windows(hub_);
  flush();
}

}  // namespace sheaf::sim
