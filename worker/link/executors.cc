#include "worker/link/executors.h"

#include <poll.h>

#include <utility>

#include "common/base/text.h"
#include "common/runtime/child.h"
#include "common/wire/message.h"
#include "worker/core/limits.h"
#include "worker/spawner/last_lines.h"

namespace sheaf::worker {

namespace {

/// What a person needs to know about the end of an executor.
Error evidence_of(const v1::Exited& exited, const std::string& program) {
  const ChildExit exit{0, exited.exit_code(), exited.signal(), exited.peak_memory_bytes()};
  Error evidence{ErrorCode::kFailed, "the executor " + exit.text(), program, {}};
  evidence.what += "; it had at most " + format_bytes(exited.peak_memory_bytes()) + " of memory";
  if (!exited.stderr_tail().empty()) {
    evidence.what += "; its last words: " + valid_utf8(last_lines(exited.stderr_tail(), kEvidenceBytesMax));
  }
  return evidence;
}

/// recvmsg() on a non-blocking socket says "nothing now" and "read something" alike; this tells them apart.
bool is_readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, 0) > 0;
}

JobWasDone job_was_done(ExecutorId executor, const v1::ExecutorDone& done, Result<Blob> payload) {
  auto output = std::move(payload).map([&](Blob&& result) { return JobOutput(std::move(result), done.measures()); });
  return JobWasDone{executor, wire::from_wire(done.job()), wire::from_wire(done.attempt()), std::move(output), done.final()};
}

}  // namespace

Executors::Executors(Spawner spawner, std::vector<ExecutorProgram> programs, net::Poller& poller, PayloadReader& payloads)
    : spawner_(std::move(spawner.socket)),
      spawner_index_(poller.add(spawner_.fd())),
      programs_(std::move(programs)),
      poller_(poller),
      payloads_(payloads),
      payloads_index_(poller.add(payloads.fd())) {}

void Executors::perform(const StartExecutor& action) {
  const ExecutorProgram& program = programs_.at(action.program);
  executors_[action.executor].program = action.program;
  local::LocalFrame frame;
  v1::Spawn& spawn = *frame.message.mutable_spawn();
  spawn.set_id(action.executor.value);
  spawn.set_program(program.path);
  for (const std::string& argument : program.arguments) spawn.add_arguments(argument);
  spawn.set_may_start_commands(program.may_start_commands);
  spawner_.queue(std::move(frame));
}

void Executors::perform(const EndExecutor& action) {
  kill(action.executor);
}

void Executors::perform(const SetLease& action) {
  local::LocalFrame frame;
  frame.message.mutable_lease()->set_until_ns(action.until.time_since_epoch().count());
  spawner_.queue(std::move(frame));
}

void Executors::perform(const OpenRun& action) {
  local::LocalFrame frame;
  v1::ExecutorRun& run = *frame.message.mutable_run();
  run.set_run(action.run.value);
  run.set_kind(action.kind);
  run.set_setup(action.setup);
  queue(action.executor, std::move(frame));
}

void Executors::perform(StartJob action) {
  local::LocalFrame frame;
  v1::ExecutorJob& job = *frame.message.mutable_job();
  *job.mutable_job() = wire::to_wire(action.job);
  *job.mutable_attempt() = wire::to_wire(action.attempt);
  *job.mutable_payload() = local::attach_payload(std::move(action.payload), frame);
  queue(action.executor, std::move(frame));
}

void Executors::perform(const CancelJob& action) {
  local::LocalFrame frame;
  v1::ExecutorCancel& cancel = *frame.message.mutable_cancel();
  *cancel.mutable_job() = wire::to_wire(action.job);
  *cancel.mutable_attempt() = wire::to_wire(action.attempt);
  queue(action.executor, std::move(frame));
}

void Executors::perform(const AskJobBack& action) {
  local::LocalFrame frame;
  v1::ExecutorCancel& cancel = *frame.message.mutable_cancel();
  *cancel.mutable_job() = wire::to_wire(action.job);
  *cancel.mutable_attempt() = wire::to_wire(action.attempt);
  cancel.set_unless_begun(true);
  queue(action.executor, std::move(frame));
}

Status Executors::read(std::vector<ExecutorEvent>& events) {
  if (poller_.is_ready(payloads_index_)) {
    for (ReadResult& done : payloads_.take_done()) on_payload(std::move(done), events);
  }
  for (auto executor = executors_.begin(); executor != executors_.end(); ++executor) {
    Executor& entry = executor->second;
    if (!entry.stream || !poller_.is_ready(entry.poll_index)) continue;
    if (read_once(executor, events)) continue;
    close(entry);
    kill(executor->first);  // One that cannot be talked to is of no use; its Exited says more.
  }
  if (!poller_.is_ready(spawner_index_)) return {};
  const Status filled = spawner_.fill();
  while (true) {
    auto frame = spawner_.next();
    if (!frame) return propagate(frame);
    if (!frame->has_value()) break;
    on_spawner_message(std::move(**frame), events);
  }
  if (!filled) return fail(ErrorCode::kFailed, "the process that starts executors is gone");
  return {};
}

void Executors::on_spawner_message(local::LocalFrame frame, std::vector<ExecutorEvent>& events) {
  if (frame.message.has_spawned()) {
    const v1::Spawned& spawned = frame.message.spawned();
    const auto executor = executors_.find(ExecutorId{spawned.id()});
    if (executor == executors_.end()) return;
    if (spawned.has_fault()) {
      events.push_back(ExecutorWasLost{executor->first, wire::from_wire(spawned.fault())});
      executors_.erase(executor);
      return;
    }
    executor->second.stream.emplace(std::move(frame.files.front()));
    executor->second.poll_index = poller_.add(executor->second.stream->fd());
  } else if (frame.message.has_exited()) {
    const auto executor = executors_.find(ExecutorId{frame.message.exited().id()});
    if (executor == executors_.end()) return;
    Executor& entry = executor->second;
    entry.exited = frame.message.exited();
    // What it had finished before its end is not lost.
    while (entry.stream && is_readable(entry.stream->fd())) {
      if (!read_once(executor, events)) close(entry);
    }
    if (entry.stream) close(entry);
    report_if_over(executor, events);
  }
}

bool Executors::read_once(Entry executor, std::vector<ExecutorEvent>& events) {
  local::LocalStream& stream = *executor->second.stream;
  const Status filled = stream.fill();
  while (true) {
    auto frame = stream.next();
    if (!frame) return false;
    if (!frame->has_value()) break;
    on_executor_message(executor, std::move(**frame), events);
  }
  return filled.has_value();
}

void Executors::on_executor_message(Entry executor, local::LocalFrame frame, std::vector<ExecutorEvent>& events) {
  if (frame.message.has_ready()) {
    const v1::ExecutorReady& ready = frame.message.ready();
    ExecutorFacts facts{ready.slots(), {}};
    for (const v1::OfferedKind& kind : ready.kinds()) facts.kinds.emplace(kind.name(), kind.fingerprint());
    events.push_back(ExecutorIsReady{executor->first, std::move(facts)});
  } else if (frame.message.has_done()) {
    v1::ExecutorDone done = frame.message.done();
    if (!done.has_fault() && done.payload().in_file()) {
      executor->second.payloads_to_read += 1;
      payloads_.post({executor->first, std::move(frame)});
      return;
    }
    auto payload =
        done.has_fault() ? tl::unexpected(wire::from_wire(done.fault())) : local::take_payload(done.payload(), frame);
    events.push_back(job_was_done(executor->first, done, std::move(payload)));
  }
}

void Executors::on_payload(ReadResult done, std::vector<ExecutorEvent>& events) {
  const v1::ExecutorDone& header = done.frame.message.done();
  events.push_back(job_was_done(done.executor, header, std::move(done.payload)));
  const auto executor = executors_.find(done.executor);
  executor->second.payloads_to_read -= 1;
  report_if_over(executor, events);
}

void Executors::report_if_over(Entry executor, std::vector<ExecutorEvent>& events) {
  Executor& entry = executor->second;
  if (!entry.exited || entry.payloads_to_read > 0) return;
  events.push_back(ExecutorWasLost{executor->first, evidence_of(*entry.exited, programs_.at(entry.program).path)});
  executors_.erase(executor);
}

Status Executors::flush() {
  // First: a lease must be there before the commands that are started under it.
  if (Status status = spawner_.flush(); !status) return fail(ErrorCode::kFailed, "the process that starts executors is gone");
  poller_.watch_writable(spawner_index_, spawner_.has_queued());
  for (auto& [id, executor] : executors_) {
    if (!executor.stream) continue;
    // A write that fails means that it has ended, or closes its socket: read() sees that too.
    [[maybe_unused]] const Status ignored = executor.stream->flush();
    poller_.watch_writable(executor.poll_index, executor.stream->has_queued());
  }
  return {};
}

void Executors::close(Executor& executor) {
  poller_.remove(executor.poll_index);
  executor.stream.reset();
}

void Executors::queue(ExecutorId executor, local::LocalFrame frame) {
  const auto found = executors_.find(executor);
  if (found != executors_.end() && found->second.stream) found->second.stream->queue(std::move(frame));
}

void Executors::kill(ExecutorId executor) {
  local::LocalFrame frame;
  frame.message.mutable_kill()->set_id(executor.value);
  spawner_.queue(std::move(frame));
}

}  // namespace sheaf::worker
