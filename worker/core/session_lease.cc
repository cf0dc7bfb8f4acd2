// The part of WorkerSession that sees to it that what may not run in two copies runs here only while no other worker can have
// it.
//
// The master gives such a job to another worker when this one was not heard for a lease. Who runs it ends it half a lease after
// the last renewal, by SetLease, even while this process stands still. What follows here is the rest: nothing that was taken
// under one lease is begun under a later one, when it may be elsewhere.

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/base/mark.h"
#include "common/wire/limits.h"
#include "worker/core/limits.h"
#include "worker/core/session.h"

namespace sheaf::worker {

void WorkerSession::begin(Instant now, Actions& actions) {
  now_ = now;
  if (has_left_ || !lease_.until() || now < *lease_.until()) return;
  SHEAF_MARK("worker_lease_ended");
  lease_.end();
  give_up_leased(actions);
}

void WorkerSession::renew_lease(Actions& actions) {
  const std::optional<Instant> due = lease_.renewal_due();
  if (!link_.is_welcomed() || !due || now_ < *due) return;
  wire::Message message;
  message.envelope.mutable_renew_lease()->set_mark(lease_.make_mark(now_));
  send(std::move(message), actions);
}

void WorkerSession::on_lease_mark(std::uint64_t mark, Actions& actions) {
  const auto may_not_go_on = [this](Attempt attempt) {
    const HeldJob& held = jobs_.at(attempt);
    return held.has_lapsed || (held.is_leased && !lease_.until());
  };
  if (std::any_of(stopping_.begin(), stopping_.end(), may_not_go_on)) {
    // Under a longer lease it could.
    SHEAF_MARK("worker_waits_for_the_end_of_what_lapsed");
    return;
  }
  if (lease_.confirm(now_, mark)) actions.push_back(SetLease{*lease_.until()});
}

void WorkerSession::give_up(HeldJob& held, Actions& actions) {
  if (held.state == HeldJob::State::kFinished || held.end_at) return;
  if (held.state != HeldJob::State::kRunning) {
    SHEAF_MARK("worker_gave_up_what_had_not_begun");
    finish(held, v1::OUTCOME_UNSTARTED, nullptr, false, actions);
    return;
  }
  held.has_lapsed = true;
  held.end_at = now_ + wire::kCancelGrace;
  stopping_.insert(held.attempt);
  actions.push_back(CancelJob{held.executor, held.job, held.attempt});
}

void WorkerSession::give_up_leased(Actions& actions) {
  for (auto& [attempt, held] : jobs_) {
    if (held.is_leased) give_up(held, actions);
  }
}

void WorkerSession::give_up_unknown(const v1::Welcome& welcome, Actions& actions) {
  if (std::exchange(peer_, welcome.peer()) == welcome.peer()) return;
  const Instant greeted = Instant(std::chrono::milliseconds(welcome.lease_mark()));
  for (auto& [attempt, held] : jobs_) {
    // It was on its way when the master took us for lost: its own lease there goes on, and ends although we are heard.
    if (!held.is_leased || held.came_at < greeted) continue;
    SHEAF_MARK("worker_gave_up_what_its_hello_did_not_name");
    give_up(held, actions);
  }
}

void WorkerSession::hand_back_leased(Actions& actions) {
  const auto has_not_begun = [](const auto& entry) {
    const HeldJob& held = entry.second;
    return held.is_leased && (held.state == HeldJob::State::kQueued || held.state == HeldJob::State::kReceiving);
  };
  if (std::none_of(jobs_.begin(), jobs_.end(), has_not_begun)) return;
  send_draining(actions);  // First, or the master would give back what is handed back.
  for (auto& entry : jobs_) {
    if (has_not_begun(entry)) finish(entry.second, v1::OUTCOME_UNSTARTED, nullptr, false, actions);
  }
}

bool WorkerSession::may_start_next(ProgramIndex program) const {
  return lease_.until() || !jobs_.at(queues_[program].next()).is_leased;
}

void WorkerSession::name_held_attempts(Actions& actions) {
  v1::WorkerHello& worker = *link_.hello().mutable_worker();
  worker.set_lease_mark(lease_.make_mark(now_));
  worker.clear_running();
  const auto name = [&](HeldJob& held) {
    if (static_cast<std::size_t>(worker.running_size()) < kHelloAttemptsMax) {
      *worker.add_running() = wire::to_wire(held.job, held.attempt);
    } else if (held.is_leased) {
      give_up(held, actions);  // The Welcome makes the lease longer, but not for what it does not know of.
    }
  };
  // What runs comes first: the rest can still be handed back.
  for (auto& [attempt, held] : jobs_) {
    if (held.state == HeldJob::State::kRunning && !held.end_at) name(held);
  }
  for (auto& [attempt, held] : jobs_) {
    if (held.state == HeldJob::State::kQueued || held.state == HeldJob::State::kFinished) name(held);
  }
}

}  // namespace sheaf::worker
