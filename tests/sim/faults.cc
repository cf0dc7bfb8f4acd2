// What goes wrong, and when it is over.

#include "tests/sim/cluster.h"

namespace sheaf::sim {

using namespace std::chrono_literals;

namespace {

/// After this a stage or a client that was disturbed is back at ease: longer than anybody's patience.
constexpr Duration kSpared = 14s;
/// Less than the silence that ends a run.
constexpr Duration kShort = 2500ms;

}  // namespace

void Cluster::schedule_faults() {
  fault_kinds_ = random_.next();
  fault_gap_ = random_.duration(100ms, 6s);
  if (random_.chance(100)) fault_kinds_ = 0;  // Some seeds are quiet.
  timeline_.after(random_.duration(0s, fault_gap_), [this] { next_fault(); });
  timeline_.at(heal_at_, [this] { heal(); });

  SimRun& run = *runs_[random_.below(runs_.size())];
  const Instant when = timeline_.now() + random_.duration(0s, 15s);
  switch (random_.below(40)) {
    case 0:
    case 1:
      timeline_.at(when, [this, &run] {
        trace_.note(timeline_.now(), "cancel");
        run.is_cancel_asked = true;
        run.client->cancel();
      });
      break;
    case 2:
      timeline_.at(when, [this, &run] {
        if (run.client->end_of_run() || !run.client->run()) return;
        trace_.note(timeline_.now(), "kill the client");
        run.is_client_killed = true;
        run.client->kill();
        // The stage of a client hangs on its lifeline.
        if (run.stage && run.description.stage_at_client()) run.stage->kill();
      });
      break;
    case 3:
      timeline_.at(when, [this, &run] {
        if (!run.stage || run.stage->has_ended() || run.description.stage_at_client()) return;
        trace_.note(timeline_.now(), "kill the stage");
        run.is_stage_lost = true;
        run.stage->kill();
        master_.stage_exited(run.id, "was ended by signal 9 (Killed)");
      });
      break;
    case 4:
      timeline_.at(when, [this, &run] {
        if (!run.stage || run.stage->has_ended() || run.description.stage_at_client()) return;
        trace_.note(timeline_.now(), "the stage stands still for good");
        run.is_stage_lost = true;
        run.stage->stop();
      });
      break;
    default: break;
  }
  if (random_.chance(50)) {
    timeline_.at(random_.chance(500) ? when : timeline_.now() + random_.duration(0s, 15s), [this] { fault_disk(); });
  }
}

void Cluster::fault_disk() {
  was_disk_faulty_ = true;
  const bool is_full = random_.chance(500);
  trace_.note(timeline_.now(), is_full ? "the disk is full" : "the disk cannot be read");
  (is_full ? master_.disk().is_full : master_.disk().is_broken) = true;
  timeline_.after(random_.duration(1ms, 10s), [this] { master_.disk().is_full = master_.disk().is_broken = false; });
}

void Cluster::next_fault() {
  if (is_healed_) return;
  timeline_.after(random_.duration(1ms, fault_gap_), [this] { next_fault(); });
  const std::uint64_t who = random_.below(10);
  if (who == 0) {
    if ((fault_kinds_ & 1) != 0)
      pause(master_, random_.duration(50ms, random_.chance(300) ? Duration(9s) : Duration(1s)), "pause");
  } else if (who <= 2) {
    fault_stage(*runs_[random_.below(runs_.size())]);
  } else if (who == 3) {
    fault_client(*runs_[random_.below(runs_.size())]);
  } else {
    const std::size_t index = random_.below(seats_.size());
    fault_worker(seats_[index], index);
  }
}

void Cluster::fault_worker(Seat& seat, std::size_t index) {
  if (seat.worker == nullptr) return;
  if (seat.worker->has_ended()) {
    if (seat.is_awaited) return;
    seat.is_awaited = true;
    if ((fault_kinds_ & 0x8000) != 0 && random_.chance(300)) {
      seat.traits.fingerprint = seat.traits.fingerprint == "one" ? "two" : "one";
      trace_.note(timeline_.now(), "upgrade seat " + std::to_string(index));
    }
    timeline_.after(random_.duration(0s, 5s), [this, index] { start_worker(index); });
    return;
  }
  SimWorker& worker = *seat.worker;
  const std::uint64_t kind = random_.below(7);
  if ((fault_kinds_ & (2ULL << kind)) == 0) return;
  Duration some_time = random_.duration(10ms, random_.chance(500) ? Duration(7s) : Duration(1s));
  if (has_leases_ && random_.chance(400)) some_time = random_.duration(5s, 100s);  // Some outlast a lease.
  switch (kind) {
    case 0:
    case 1: break_link(worker.port(), some_time, worker.name()); return;
    case 2:
      trace_.note(timeline_.now(), "hold " + worker.name() + " to master");
      worker.port().hold(true, some_time);
      return;
    case 3:
      trace_.note(timeline_.now(), "hold master to " + worker.name());
      worker.port().hold(false, some_time);
      return;
    case 4:
      trace_.note(timeline_.now(), "kill " + worker.name());
      worker.kill(random_.chance(500));
      return;
    case 5: pause(worker, some_time, "stop"); return;
    default:
      trace_.note(timeline_.now(), "drain " + worker.name());
      worker.drain();
      return;
  }
}

void Cluster::fault_stage(SimRun& run) {
  if (run.is_stage_lost || !run.stage || run.stage->has_ended() || timeline_.now() < run.spared_until) return;
  const std::uint64_t kind = random_.below(4);
  if ((fault_kinds_ & (0x100ULL << kind)) == 0) return;
  // Short ones may come in a row.
  const bool is_tiny = random_.chance(600);
  const Duration some_time = random_.duration(1ms, is_tiny ? Duration(50ms) : kShort);
  if (!is_tiny) run.spared_until = timeline_.now() + kSpared;
  switch (kind) {
    case 0:
    case 1: break_link(run.stage->port(), some_time, run.stage->name()); return;
    case 2:
      trace_.note(timeline_.now(), "hold " + run.stage->name());
      run.stage->port().hold(random_.chance(500), some_time);
      return;
    default: pause(*run.stage, some_time, "stop"); return;
  }
}

void Cluster::fault_client(SimRun& run) {
  if (timeline_.now() < run.spared_until) return;
  const std::uint64_t kind = random_.below(3);
  if ((fault_kinds_ & (0x1000ULL << kind)) == 0) return;
  run.spared_until = timeline_.now() + kSpared;
  const Duration some_time = random_.duration(1ms, kShort);
  switch (kind) {
    case 0: break_link(run.client->port(), some_time, run.client->name()); return;
    case 1:
      trace_.note(timeline_.now(), "hold " + run.client->name());
      run.client->port().hold(random_.chance(500), some_time);
      return;
    default: pause(*run.client, some_time, "stop"); return;
  }
}

void Cluster::pause(Process& process, Duration how_long, const char* what) {
  if (process.is_stopped() || process.has_ended()) return;
  trace_.note(timeline_.now(), std::string(what) + " " + process.name() + " ms=" + std::to_string(milliseconds(how_long)));
  process.stop();
  timeline_.after(how_long, [&process] { process.go_on(); });
}

void Cluster::break_link(Port& port, Duration down, const std::string& name) {
  trace_.note(timeline_.now(), "break the link of " + name + " ms=" + std::to_string(milliseconds(down)));
  const Duration master_notices = random_.duration(0s, 1s);
  const Duration port_notices = random_.duration(0s, 500ms);
  port.break_connection(down, master_notices, port_notices);
}

void Cluster::heal() {
  trace_.note(timeline_.now(), "heal");
  is_healed_ = true;
  master_.go_on();
  for (auto& run : runs_) {
    run->client->go_on();
    run->client->port().release();
    if (!run->stage) continue;
    if (!run->is_stage_lost) run->stage->go_on();
    run->stage->port().release();
  }
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    if (seats_[i].worker != nullptr && !seats_[i].worker->has_ended()) seats_[i].worker->heal();
    start_worker(i);
  }
}

}  // namespace sheaf::sim
