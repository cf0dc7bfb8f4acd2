#include "tests/sim/worker.h"

#include <algorithm>
#include <utility>

#include "common/base/mark.h"
#include "common/wire/limits.h"
#include "tests/sim/workload.h"
#include "worker/core/limits.h"

namespace sheaf::sim {

using namespace std::chrono_literals;

SimWorker::SimWorker(Timeline& timeline, Network& network, Random random, std::string name, const WorkerTraits& traits,
                     Copies& copies, Verdict& verdict)
    : Process(timeline, name),
      random_(random),
      traits_(traits),
      copies_(copies),
      verdict_(verdict),
      session_(traits.config, hello_of(*this, random_)),
      port_(
          network, *this,
          [this](Result<wire::Message> message) {
            if (!message) return verdict_.fail("a message to a worker was refused: " + message.error().what);
            input([&](auto& actions) { session_.on_message(now(), std::move(*message), actions); });
          },
          [this] { flush(); }) {}

void SimWorker::start() {
  port_.open();
  post([this] { input([this](auto& actions) { session_.on_time(now(), actions); }); });
}

void SimWorker::kill(bool is_orderly) {
  if (has_ended()) return;
  end();
  port_.close(is_orderly);
  for (const auto& [id, executor] : executors_) {
    for (const auto& [attempt, given] : executor.given) {
      timeline().after(random_.duration(0ms, 50ms), [this, job = given.job, attempt = attempt] { copies_.end(job, attempt); });
    }
  }
  executors_.clear();
}

void SimWorker::drain() {
  post([this] {
    input([this](auto& actions) { session_.drain(now(), Error{ErrorCode::kStopped, "drained", {}, {}}, 143, actions); });
  });
}

void SimWorker::heal() {
  traits_.fails = traits_.executor_dies = traits_.start_fails = 0;
  go_on();
  port_.release();
}

template <class Call>
void SimWorker::input(Call call) {
  worker::Actions actions;
  call(actions);
  for (worker::Action& action : actions) carry_out(action);
  flush();
}

void SimWorker::carry_out(worker::Action& action) {
  if (auto* send = std::get_if<worker::SendMessage>(&action)) {
    for (const v1::JobResult& result : send->message.envelope.results().results()) check(result);
    outbox_.add(std::move(send->message));
  } else if (std::holds_alternative<worker::DropUnsent>(action)) {
    outbox_.clear();
  } else if (auto* keep = std::get_if<worker::KeepPart>(&action)) {
    keep_part(std::move(*keep));
  } else if (auto* to_start = std::get_if<worker::StartExecutor>(&action)) {
    start_executor(*to_start);
  } else if (auto* to_end = std::get_if<worker::EndExecutor>(&action)) {
    timeline().after(random_.duration(1ms, 50ms), [this, id = to_end->executor] { lose_executor(id, "was ended"); });
  } else if (auto* open = std::get_if<worker::OpenRun>(&action)) {
    const auto executor = executors_.find(open->executor);
    if (executor == executors_.end()) return;  // It has just died; the news of it is on its way.
    verdict_.require(traits_.kinds.at(executor->second.program) == open->kind,
                     "a run was opened in a program that does another kind");
    auto& runs = executor->second.runs;
    std::erase_if(runs, [&](const auto& run) { return run.first == open->run; });
    runs.emplace_back(open->run, open->setup);
    if (runs.size() > worker::kOpenRunsMax) runs.pop_front();
  } else if (auto* job = std::get_if<worker::StartJob>(&action)) {
    take_job(*job);
  } else if (auto* cancel = std::get_if<worker::CancelJob>(&action)) {
    cancel_job(cancel->executor, cancel->attempt, false);
  } else if (auto* back = std::get_if<worker::AskJobBack>(&action)) {
    cancel_job(back->executor, back->attempt, true);
  } else if (auto* lease = std::get_if<worker::SetLease>(&action)) {
    set_lease(lease->until);
  } else if (std::holds_alternative<worker::Leave>(action)) {
    flush();
    kill(true);
  }
}

void SimWorker::keep_part(worker::KeepPart part) {
  if (!part.payload.append(part.bytes)) return verdict_.fail("a part cannot be written");
  auto kept = std::make_shared<Blob>(std::move(part.payload));
  timeline().after(random_.duration(0us, 20ms), [this, kept, number = part.number, attempt = part.attempt] {
    post([this, kept, number, attempt] {
      input([&](auto& actions) { session_.on_part_kept(now(), number, attempt, std::move(*kept), actions); });
    });
  });
}

void SimWorker::flush() {
  outbox_.flush([this](const wire::Message& message) { return port_.send(message); });
}

// ---------------------------------------------------------------------------------------------------------------------
// executors

void SimWorker::start_executor(const worker::StartExecutor& start) {
  const worker::ExecutorId id = start.executor;
  executors_[id].program = start.program;
  const bool fails = random_.chance(traits_.start_fails);
  timeline().after(random_.duration(5ms, 300ms), [this, id, fails] {
    if (fails) return lose_executor(id, "ended before it was ready");
    post([this, id] {
      const auto executor = executors_.find(id);
      if (executor == executors_.end()) return;
      executor->second.is_ready = true;
      const worker::ExecutorFacts facts{traits_.config.threads,
                                        {{traits_.kinds.at(executor->second.program), traits_.fingerprint}}};
      input([&](auto& actions) { session_.on_executor_ready(now(), id, facts, actions); });
    });
  });
}

void SimWorker::lose_executor(worker::ExecutorId id, const std::string& how) {
  const auto executor = executors_.find(id);
  if (executor == executors_.end()) return;
  for (const auto& [attempt, given] : executor->second.given) copies_.end(given.job, attempt);
  executors_.erase(executor);
  post([this, id, how] {
    const Error evidence{ErrorCode::kFailed, "the executor " + how, {}, {}};
    input([&](auto& actions) { session_.on_executor_lost(now(), id, evidence, actions); });
  });
}

void SimWorker::take_job(worker::StartJob& start) {
  const auto executor = executors_.find(start.executor);
  if (executor == executors_.end()) return;  // It has just died; the news of it is on its way.
  verdict_.require(executor->second.is_ready, "a job for an executor that is not ready");
  auto& given = executor->second.given;
  const bool is_new = given.emplace(start.attempt, Given{start.job, std::move(start.payload)}).second;
  verdict_.require(is_new, "an attempt that runs already was started again");
  verdict_.require(given.size() <= traits_.config.threads + worker::kAheadMax, "too many jobs wait in an executor");
  executor->second.waiting.push_back(start.attempt);
  begin_jobs(start.executor);
}

void SimWorker::begin_jobs(worker::ExecutorId id) {
  const auto found = executors_.find(id);
  if (found == executors_.end()) return;
  Executor& executor = found->second;
  const auto is_running = [](const auto& entry) { return entry.second.has_begun; };
  auto busy = std::count_if(executor.given.begin(), executor.given.end(), is_running);
  while (!executor.waiting.empty() && busy < traits_.config.threads) {
    const Attempt attempt = executor.waiting.front();
    executor.waiting.pop_front();
    Given& next = executor.given.at(attempt);
    if (!may_begin(next.job)) {
      const JobId job = next.job;
      executor.given.erase(attempt);
      timeline().after(0ns, [this, id, job, attempt] { report(id, job, attempt, fail(ErrorCode::kStopped, "no lease")); });
      continue;
    }
    busy += 1;
    next.has_begun = true;
    next.end = ++ends_;
    begun_.insert(attempt);
    copies_.begin(next.job, attempt, name());
    const Duration longest = random_.chance(traits_.takes_long) ? kLongJob : traits_.job_longest;
    timeline().after(random_.duration(10us, longest), [this, id, attempt, number = next.end] { end_job(id, attempt, number); });
  }
  std::int64_t all_busy = 0;
  for (const auto& [other, each] : executors_) {
    all_busy += std::count_if(each.given.begin(), each.given.end(), is_running);
  }
  verdict_.require(all_busy <= traits_.config.threads * traits_.config.executors, "more jobs in a worker than it has slots");
}

void SimWorker::check(const v1::JobResult& result) {
  const bool has_begun = begun_.contains(wire::from_wire(result.attempt()));
  if (result.outcome() == v1::OUTCOME_EXECUTOR_LOST) verdict_.require(has_begun, "a job is suspected that never began");
  if (result.outcome() == v1::OUTCOME_UNSTARTED) verdict_.require(!has_begun, "a job that has begun is called unstarted");
}

void SimWorker::end_job(worker::ExecutorId id, Attempt attempt, std::uint64_t number) {
  const auto executor = executors_.find(id);
  if (executor == executors_.end()) return;
  const auto entry = executor->second.given.find(attempt);
  if (entry == executor->second.given.end() || entry->second.end != number) return;
  if (random_.chance(traits_.executor_dies)) return lose_executor(id, "was ended by signal 11");

  const Given running = std::move(entry->second);
  executor->second.given.erase(entry);
  copies_.end(running.job, attempt);
  const auto& runs = executor->second.runs;
  const auto run = std::find_if(runs.begin(), runs.end(), [&](const auto& open) { return open.first == running.job.run; });
  if (run == runs.end()) return verdict_.fail("a job of a run that its executor has not been told of");
  if (random_.chance(traits_.fails)) {
    report(id, running.job, attempt, fail(ErrorCode::kFailed, "it failed"));
    return begin_jobs(id);
  }
  const auto payload = running.payload.read_all();
  if (!payload) return verdict_.fail("a payload cannot be read");
  Blob result(traits_.config.scratch);
  if (!result.append(std::string_view(result_of(run->second, *payload)))) return verdict_.fail("a result cannot be written");
  report(id, running.job, attempt, worker::JobOutput(std::move(result), measures_of(*payload)));
  begin_jobs(id);
}

void SimWorker::report(worker::ExecutorId id, JobId job, Attempt attempt, Result<worker::JobOutput> output) {
  auto reported = std::make_shared<Result<worker::JobOutput>>(std::move(output));
  post([this, id, job, attempt, reported] {
    input([&](auto& actions) { session_.on_job_done(now(), id, job, attempt, std::move(*reported), false, actions); });
  });
}

void SimWorker::set_lease(Instant until) {
  verdict_.require(until > lease_until_, "a lease became shorter");
  lease_until_ = until;
  // It does not end all of it in the same instant.
  timeline().at(until + random_.duration(0ms, 50ms), [this] { end_lease(); });
}

void SimWorker::end_lease() {
  if (now() < lease_until_) return;
  for (auto& [id, executor] : executors_) {
    for (auto given = executor.given.begin(); given != executor.given.end();) {
      const auto [attempt, job] = std::pair(given->first, given->second.job);
      const bool is_to_end = given->second.has_begun && copies_.is_leased(job.run);
      ++given;
      if (!is_to_end) continue;
      SHEAF_MARK("sim_spawner_ended_a_copy");
      executor.given.erase(attempt);
      copies_.end(job, attempt);
      timeline().after(0ns, [this, id = id, job = job, attempt = attempt] {
        report(id, job, attempt, fail(ErrorCode::kFailed, "was ended by signal 9"));
        begin_jobs(id);
      });
    }
  }
}

void SimWorker::cancel_job(worker::ExecutorId id, Attempt attempt, bool unless_begun) {
  const auto executor = executors_.find(id);
  if (executor == executors_.end()) return;
  const auto entry = executor->second.given.find(attempt);
  if (entry == executor->second.given.end() || (unless_begun && entry->second.has_begun)) return;
  if (!entry->second.has_begun) {
    const JobId job = entry->second.job;
    executor->second.given.erase(entry);
    std::erase(executor->second.waiting, attempt);
    timeline().after(0ns, [this, id, job, attempt] { report(id, job, attempt, fail(ErrorCode::kStopped, "cancelled")); });
    return;
  }
  const std::uint64_t number = ++ends_;
  entry->second.end = number;  // It no longer ends when it would have.
  const bool goes_on = random_.chance(traits_.ignores_cancel);
  timeline().after(goes_on ? 2 * wire::kCancelGrace : random_.duration(1ms, 100ms),
                   [this, id, attempt, number] { end_job(id, attempt, number); });
}

std::optional<Instant> SimWorker::next_deadline() const {
  return session_.next_deadline();
}

void SimWorker::on_time() {
  input([this](auto& actions) { session_.on_time(now(), actions); });
}

}  // namespace sheaf::sim
