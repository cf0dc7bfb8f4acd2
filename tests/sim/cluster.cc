#include "tests/sim/cluster.h"

#include <algorithm>
#include <array>

namespace sheaf::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kEventsMax = 3'000'000;

template <class Value, std::size_t Size>
Value one_of(Random& random, const std::array<Value, Size>& values) {
  return values[random.below(Size)];
}

}  // namespace

Cluster::Cluster(std::uint64_t seed, const std::string& scratch, Trace& trace)
    : scratch_(scratch),
      trace_(trace),
      random_(seed),
      network_(timeline_, random_.fork(), trace),
      copies_(verdict_),
      config_(make_config()),
      master_(timeline_, network_, random_.fork(), config_, scratch, verdict_) {
  constexpr std::array<Duration, 4> kJitters = {Duration(0), 1ms, 20ms, 300ms};
  network_.set_pace(random_.duration(50us, 5ms), kJitters[random_.below(kJitters.size())]);
  // With one job a message some of them are full all the time.
  network_.set_room(one_of(random_, std::array<std::uint64_t, 5>{10'000, 10'000, 16, 4, 2}));
  constexpr std::array<Duration, 5> kLongest = {200us, 5ms, 100ms, 1s, 6s};
  job_longest_ = kLongest[random_.below(kLongest.size())];
  has_leases_ = random_.chance(300);
  if (has_leases_ && random_.chance(600)) job_longest_ = 20s;

  master_.on_submitted = [this](RunId id, std::uint64_t tag) { on_submitted(id, tag); };
  master_.on_start_stage = [this](RunId id, const v1::StageHello& identity) {
    for (auto& run : runs_) {
      if (run->id == id) start_stage(*run, identity);
    }
  };
  master_.on_stop_stage = [this](RunId id) {
    for (auto& run : runs_) {
      if (run->id == id && run->stage && !run->description.stage_at_client()) run->stage->kill();
    }
  };
  const std::uint64_t runs = random_.chance(200) ? 2 : 1;
  for (std::uint64_t tag = 0; tag < runs; ++tag) make_run(tag);
  const std::uint64_t seats = random_.between(1, 5);
  for (std::uint64_t i = 0; i < seats; ++i) make_seat();

  heal_at_ = timeline_.now() + (has_leases_ ? random_.duration(20s, 240s) : random_.duration(2s, 40s));
  std::uint64_t jobs = 0;
  // One after the other, on whoever is slow, some of them twice.
  for (const auto& run : runs_) jobs += (run->workload.is_conversation ? 5 : 1) * run->workload.jobs;
  deadline_ = heal_at_ + 150s + static_cast<int>(jobs) * (3 * job_longest_ + kLongJob / 4);
  if (has_leases_) deadline_ += 4 * (config_.scheduler.lease + config_.scheduler.revoked_max);
  schedule_faults();
  watch();
}

master::HubConfig Cluster::make_config() {
  master::HubConfig config;
  const std::array<std::uint64_t, 5> windows = {1, 4 * kKiB, 64 * kKiB, 1024 * kKiB, 16 * 1024 * kKiB};
  config.memory_window_bytes = one_of(random_, windows);
  config.spool_window_bytes = one_of(random_, windows);
  config.scheduler.deliver_window_bytes = one_of(random_, windows);
  config.scheduler.deliver_jobs_window = one_of(random_, std::array<std::uint64_t, 4>{1, 3, 16, 1024});
  config.scheduler.jobs_window = one_of(random_, std::array<std::uint64_t, 4>{1, 3, 16, 4096});
  config.scheduler.spool_jobs_window = one_of(random_, std::array<std::uint64_t, 4>{1, 4, 16, 65536});
  config.scheduler.lease = one_of(random_, std::array<Duration, 3>{8s, 20s, 60s});
  return config;
}

void Cluster::make_run(std::uint64_t tag) {
  auto run = std::make_unique<SimRun>();
  run->workload.seed = random_.next();
  run->workload.jobs = random_.chance(20) ? 0 : random_.between(1, 50);
  run->workload.has_large = random_.chance(60);
  run->workload.is_conversation = random_.chance(150);
  run->workload.redone = random_.chance(400) ? 100 : 0;
  v1::RunDescription& description = run->description;
  description.set_kind(tag > 0 && random_.chance(500) ? "command" : "video");
  description.set_stage_program("sheaf-stage-video");
  const bool is_leased = has_leases_ && (tag == 0 || random_.chance(500));
  description.set_deterministic(!is_leased);
  description.set_second_attempt(!is_leased);
  description.set_priority(static_cast<int>(random_.below(3)) - 1);
  description.set_attempts_max(static_cast<std::uint32_t>(random_.between(3, 5)));
  description.set_stage_at_client(random_.chance(250));
  description.set_label("run " + std::to_string(tag));
  description.set_bind_fingerprint(random_.chance(300));
  const std::string name = "client-" + std::to_string(tag);
  run->client = std::make_unique<SimClient>(timeline_, network_, random_.fork(), name, tag, description, verdict_);
  SimRun& made = *run;
  made.client->on_submitted = [this, &made](RunId id, const std::string& token) {
    if (token.empty() || made.stage) return;
    v1::StageHello identity;
    identity.set_run(id.value);
    identity.set_token(token);
    identity.set_incarnation(1);
    start_stage(made, identity);
  };
  timeline_.after(random_.duration(0s, 2s), [&made] { made.client->start(); });
  runs_.push_back(std::move(run));
}

void Cluster::make_seat() {
  Seat seat;
  WorkerTraits& traits = seat.traits;
  traits.config.executors = static_cast<std::uint32_t>(random_.between(1, 3));
  traits.config.threads = static_cast<std::uint32_t>(random_.between(1, 2));
  traits.config.prefetch = static_cast<std::uint32_t>(random_.below(4));
  traits.config.bytes_max = one_of(random_, std::array<std::uint64_t, 4>{0, 32 * kKiB, 1024 * kKiB, 64 * 1024 * kKiB});
  traits.config.drain_max = random_.duration(100ms, 10s);
  traits.config.scratch = scratch_;
  traits.fingerprint = random_.chance(150) ? "two" : "one";
  if (random_.chance(200)) traits.kinds = {"command"};
  if (random_.chance(300)) traits.kinds = {"video", "command"};
  traits.config.programs = traits.kinds.size();
  traits.job_longest = random_.chance(200) ? 5 * job_longest_ : job_longest_;  // Some are slow.
  traits.takes_long = random_.chance(400) ? 60 : 0;
  traits.fails = random_.chance(200) ? 20 : 0;
  traits.executor_dies = random_.chance(200) ? 20 : 0;
  traits.start_fails = random_.chance(200) ? 200 : 0;
  if (random_.chance(30)) traits.fails = 500;  // More than a run can bear.
  traits.ignores_cancel = random_.chance(300) ? 700 : 0;
  seats_.push_back(seat);
  const std::size_t index = seats_.size() - 1;
  seats_.back().is_awaited = true;
  timeline_.after(random_.chance(300) ? random_.duration(0s, 10s) : random_.duration(0s, 200ms),
                  [this, index] { start_worker(index); });
}

void Cluster::start_worker(std::size_t index) {
  Seat& seat = seats_[index];
  seat.is_awaited = false;
  if (seat.worker != nullptr && !seat.worker->has_ended()) return;
  const std::string name = "worker-" + std::to_string(index) + "." + std::to_string(workers_.size());
  workers_.push_back(std::make_unique<SimWorker>(timeline_, network_, random_.fork(), name, seat.traits, copies_, verdict_));
  seat.worker = workers_.back().get();
  trace_.note(timeline_.now(), "start " + name);
  seat.worker->start();
  if (is_healed_) seat.worker->heal();
}

void Cluster::provide_workers() {
  for (const auto& run : runs_) {
    const auto view = master_.hub().scheduler().run(run->id);
    // Where nobody has a result yet, any build will do, and the master must see that by itself.
    if (!view || view->stopped || view->workers > 0) continue;
    const bool is_build_gone = view->unfit_workers > 0 && view->jobs_committed > 0;
    const bool is_kind_gone = view->unfit_workers == 0;
    if (!(is_build_gone || is_kind_gone) || timeline_.now() < run->next_help) continue;
    run->next_help = timeline_.now() + 5s;
    trace_.note(timeline_.now(), "bring a worker for kind " + run->description.kind() + " build " + view->fingerprint);
    Seat seat;
    seat.traits = seats_.front().traits;
    seat.traits.kinds = {run->description.kind()};
    seat.traits.config.programs = 1;
    if (!view->fingerprint.empty()) seat.traits.fingerprint = view->fingerprint;
    seats_.push_back(seat);
  }
}

void Cluster::start_stage(SimRun& run, const v1::StageHello& identity) {
  if (run.stage) return verdict_.fail("a second stage was started for a run");
  const std::string name = "stage-" + std::to_string(identity.run());
  run.stage = std::make_unique<SimStage>(timeline_, network_, random_.fork(), name, identity, run.workload, scratch_, verdict_);
  run.stage->on_exit = [this, &run](const std::string& how) {
    if (!run.description.stage_at_client()) timeline_.after(1ms, [this, &run, how] { master_.stage_exited(run.id, how); });
  };
  timeline_.after(random_.duration(1ms, 1s), [&run] {
    if (!run.stage->has_ended()) run.stage->start();
  });
}

void Cluster::on_submitted(RunId id, std::uint64_t tag) {
  SimRun& run = *runs_.at(tag);
  verdict_.require(run.id == RunId{} || run.id == id, "a run was submitted twice");
  if (run.id == id) return;
  run.id = id;
  if (!run.description.deterministic() && !run.description.second_attempt()) copies_.watch(id);
  master_.auditor().expect_run(
      id, {&run.workload, run.description.kind(), run.description.attempts_max(), run.description.bind_fingerprint()});
}

// ---------------------------------------------------------------------------------------------------------------------------
// end

void Cluster::watch() {
  is_done_ = is_over();
  // A drain may have ended after the healing.
  if (is_healed_) provide_workers();
  for (std::size_t i = 0; is_healed_ && i < seats_.size(); ++i) start_worker(i);
  timeline_.after(100ms, [this] { watch(); });
}

bool Cluster::is_over() const {
  return what_is_missing().empty();
}

std::string Cluster::what_is_missing() const {
  for (const auto& run : runs_) {
    const std::string name = "run " + std::to_string(run->id.value);
    if (!run->is_client_killed && !run->client->end_of_run()) return name + ": its client waits for the end";
    // One that stands still when it has published leaves when it goes on, or with its master.
    const bool may_stay = run->stage && run->is_stage_lost && run->stage->kind().is_published();
    if (run->stage && !run->stage->has_ended() && !may_stay) return name + ": its stage is still there";
  }
  if (master_.hub().active_runs() > 0) return "the hub has a run that has not ended";
  if (master_.hub().scheduler().cluster().held > 0) return "the scheduler takes jobs for held that are done";
  for (const auto& worker : workers_) {
    if (!worker->has_ended() && worker->session().held() > 0) {
      return worker->name() + " holds " + std::to_string(worker->session().held()) + " jobs";
    }
  }
  return {};
}

Outcome Cluster::run() {
  while (!verdict_.failure() && !is_done_ && timeline_.now() < deadline_ && timeline_.events() < kEventsMax &&
         timeline_.step()) {
  }
  if (!is_done_) verdict_.fail("stuck: " + what_is_missing());
  Outcome outcome;
  for (auto& run : runs_) judge(*run, outcome);
  if (master_.hub().refused_messages() > 0) verdict_.fail("the master has refused messages");
  outcome.failure = verdict_.failure();
  outcome.trace = trace_.digest();
  outcome.events = timeline_.events();
  outcome.virtual_seconds = seconds(timeline_.now().time_since_epoch());
  return outcome;
}

void Cluster::judge(SimRun& run, Outcome& outcome) {
  if (verdict_.failure()) return;
  const std::string name = "run " + std::to_string(run.id.value);
  const bool is_published = run.stage && run.stage->kind().is_published();
  if (!run.client->end_of_run()) {
    verdict_.require(!is_published || run.is_client_killed, "published, and nobody knows");
    outcome.runs_cancelled += 1;
    return;
  }
  const v1::RunUpdate& end = *run.client->end_of_run();
  switch (end.state()) {
    case v1::RUN_DONE:
      outcome.runs_done += 1;
      verdict_.require(is_published && run.stage->kind().bound() == run.workload.jobs,
                       "done, and not everything is bound and published");
      verdict_.require(run.is_stage_lost || run.stage->exit_code() == 0, "done, and its stage says otherwise");
      verdict_.require(end.units_total() == run.workload.units_total() && end.units_bound() == end.units_total() &&
                           end.units_done() == end.units_total() && end.jobs_done() == run.workload.jobs,
                       "done, and the numbers say otherwise");
      verdict_.require(end.report() == report_of(run.workload) && end.output_bytes() == 10 * end.units_total(),
                       "done, with another report than the stage made");
      return;
    case v1::RUN_FAILED:
      outcome.runs_failed += 1;
      verdict_.require(!end.fault().what().empty(), "failed without a reason");
      if (!run.is_stage_lost && !was_disk_faulty_ && !master_.auditor().may_fail(run.id)) {
        verdict_.fail(name + " failed without need: " + end.fault().what() + " [" + end.fault().where() + "]");
      }
      if (is_published && !run.is_stage_lost) verdict_.fail(name + " failed, and was published");
      return;
    default:
      outcome.runs_cancelled += 1;
      verdict_.require(run.is_cancel_asked, "cancelled, and nobody asked for it");
      return;
  }
}

Outcome run_seed(std::uint64_t seed, const std::string& scratch, bool is_printed) {
  Trace trace(is_printed);
  return Cluster(seed, scratch, trace).run();
}

}  // namespace sheaf::sim
