#include "tests/scenario/event_text.h"

#include <functional>
#include <map>
#include <utility>

#include "common/base/text.h"
#include "tests/scenario/fields.h"

namespace sheaf::scenario {

using namespace sheaf::master;

namespace {

void read(Fields& f, WorkerJoined& e) {
  f.get("worker", e.worker);
  f.get("slots", e.slots);
  f.get("prefetch", e.prefetch);
  f.get("bytes_max", e.bytes_max);
  std::string fingerprint;
  f.get("fingerprint", fingerprint);
  // kinds=video,command: all of one build. Without it, runs and workers are of one kind.
  std::vector<std::string> kinds = f.words("kinds");
  if (kinds.empty()) kinds.emplace_back();
  e.kinds.clear();
  for (const std::string& kind : kinds) e.kinds[kind] = fingerprint;
  // running=1/0@1/3,1/1@1/4
  for (const std::string& word : f.words("running")) {
    const std::size_t at = word.find('@');
    Result<Fields> inner =
        Fields::parse("job=" + word.substr(0, at) + " attempt=" + (at < word.size() ? word.substr(at + 1) : ""));
    HeldAttempt held;
    inner->get("job", held.job);
    inner->get("attempt", held.attempt);
    if (at == std::string::npos || !inner->finish()) f.reject("running", word);
    e.running.push_back(held);
  }
}
void read(Fields& f, WorkerHeard& e) {
  f.get("worker", e.worker);
}
void read(Fields& f, WorkerLost& e) {
  f.get("worker", e.worker);
}
void read(Fields& f, WorkerLeft& e) {
  f.get("worker", e.worker);
}
void read(Fields& f, WorkerDraining& e) {
  f.get("worker", e.worker);
}
void read(Fields& f, RunOpened& e) {
  f.get("run", e.run);
  f.get("kind", e.kind);
  f.get("priority", e.priority);
  for (const std::string& trait : f.words("traits")) {
    if (trait == "deterministic")
      e.traits.deterministic = true;
    else if (trait == "second_attempt")
      e.traits.second_attempt = true;
    else if (trait == "divisible")
      e.traits.divisible = true;
    else
      f.reject("traits", trait);
  }
  f.get("memory_window_bytes", e.memory_window_bytes);
  f.get("spool_window_bytes", e.spool_window_bytes);
  f.get("attempts_max", e.attempts_max);
  f.get("fingerprint", e.fingerprint);
  f.get("bind_fingerprint", e.bind_fingerprint);
}
void read(Fields& f, RunPlanned& e) {
  f.get("run", e.run);
  f.get("jobs", e.jobs.emplace());
  f.get("units", e.units.emplace());
}
void read(Fields& f, JobFed& e) {
  f.get("run", e.run);
  f.get("key", e.key);
  f.get("payload_bytes", e.payload_bytes);
  f.get("units", e.units);
}
void read(Fields& f, FeedEnded& e) {
  f.get("run", e.run);
  f.get("jobs", e.jobs);
}
void read(Fields& f, StageAttached& e) {
  f.get("run", e.run);
}
void read(Fields& f, StageLost& e) {
  f.get("run", e.run);
}
void read(Fields& f, ResultAccepted& e) {
  f.get("job", e.job);
}
void read(Fields& f, RedoAsked& e) {
  f.get("job", e.job);
  f.get("revision", e.revision);
  f.get("payload_bytes", e.payload_bytes);
  f.get("reason", e.reason);
}
void read(Fields& f, SplitAsked& e) {
  f.get("job", e.job);
  f.get("parts", e.parts);
  f.get("reason", e.reason);
}
void read(Fields& f, RunCancelled& e) {
  f.get("run", e.run);
  f.get("reason", e.reason);
}
void read(Fields& f, RunEnded& e) {
  f.get("run", e.run);
}
void read(Fields& f, JobDone& e) {
  f.get("worker", e.worker);
  f.get("job", e.job);
  f.get("attempt", e.attempt);
  f.get("digest", e.digest);
  f.get("result_bytes", e.result_bytes);
}
void read(Fields& f, JobFailed& e) {
  f.get("worker", e.worker);
  f.get("job", e.job);
  f.get("attempt", e.attempt);
  std::string kind = "job";
  f.get("kind", kind);
  if (kind == "job")
    e.kind = FailureKind::kJob;
  else if (kind == "executor_lost")
    e.kind = FailureKind::kExecutorLost;
  else if (kind == "refused")
    e.kind = FailureKind::kRefused;
  else if (kind == "unstarted")
    e.kind = FailureKind::kUnstarted;
  else if (kind == "lease_ended")
    e.kind = FailureKind::kLeaseEnded;
  else
    f.reject("kind", kind);
  f.get("retryable", e.retryable);
  f.get("reason", e.reason);
}
void read(Fields& f, CommitDone& e) {
  f.get("job", e.job);
  f.get("attempt", e.attempt);
}
void read(Fields&, TimePassed&) {}

using Reader = std::function<Event(Fields&)>;

template <class E>
Reader reader() {
  return [](Fields& fields) -> Event {
    E event;
    read(fields, event);
    return event;
  };
}

const std::map<std::string, Reader, std::less<>>& readers() {
  static const std::map<std::string, Reader, std::less<>> all = {
      {"worker_joined", reader<WorkerJoined>()},
      {"worker_heard", reader<WorkerHeard>()},
      {"worker_lost", reader<WorkerLost>()},
      {"worker_left", reader<WorkerLeft>()},
      {"worker_draining", reader<WorkerDraining>()},
      {"run_opened", reader<RunOpened>()},
      {"run_planned", reader<RunPlanned>()},
      {"job_fed", reader<JobFed>()},
      {"feed_ended", reader<FeedEnded>()},
      {"stage_attached", reader<StageAttached>()},
      {"stage_lost", reader<StageLost>()},
      {"result_accepted", reader<ResultAccepted>()},
      {"redo_asked", reader<RedoAsked>()},
      {"split_asked", reader<SplitAsked>()},
      {"run_cancelled", reader<RunCancelled>()},
      {"run_ended", reader<RunEnded>()},
      {"job_done", reader<JobDone>()},
      {"job_failed", reader<JobFailed>()},
      {"commit_done", reader<CommitDone>()},
      {"time_passed", reader<TimePassed>()},
  };
  return all;
}

/// The next word of `text`, which is taken from it.
std::string_view next_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

}  // namespace

Result<TimedEvents> parse_event(std::string_view line) {
  if (!line.starts_with('@')) return fail(ErrorCode::kUsage, "an event begins with @", std::string(line));
  line.remove_prefix(1);
  Result<Duration> at = parse_duration(next_word(line));
  if (!at) return propagate(at);
  const std::string_view name = next_word(line);
  const auto reader = readers().find(name);
  if (reader == readers().end()) return fail(ErrorCode::kUsage, "unknown event", std::string(name));

  Result<Fields> fields = Fields::parse(line);
  if (!fields) return propagate(fields);
  std::uint64_t count = 1;
  if (name == "job_fed") fields->get("count", count);
  Event event = reader->second(*fields);
  if (Status status = fields->finish(); !status) return propagate(status);

  TimedEvents result{.at = Instant(*at), .events = {}};
  for (std::uint64_t i = 0; i < count; ++i) {
    result.events.push_back(event);
    if (JobFed* fed = std::get_if<JobFed>(&event)) (fed->key.sub == 0) ? void(fed->key.seq += 1) : void(fed->key.sub += 1);
  }
  return result;
}

Status parse_config(std::string_view text, SchedulerConfig& config) {
  Result<Fields> fields = Fields::parse(text);
  if (!fields) return propagate(fields);
  fields->get("epoch", config.epoch);
  fields->get("worker_silence_max", config.worker_silence_max);
  fields->get("lease", config.lease);
  fields->get("deliver_window_bytes", config.deliver_window_bytes);
  fields->get("jobs_window", config.jobs_window);
  fields->get("spool_jobs_window", config.spool_jobs_window);
  fields->get("strikes_max", config.strikes_max);
  fields->get("refusals_max", config.refusals_max);
  fields->get("revisions_max", config.revisions_max);
  fields->get("split_parts_max", config.split_parts_max);
  if (Status status = fields->finish(); !status) return status;
  return config.validate();
}

}  // namespace sheaf::scenario
