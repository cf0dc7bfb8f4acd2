#include "worker/executor/executor_host.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "common/base/text.h"
#include "common/wire/message.h"
#include "worker/core/limits.h"

namespace sheaf::worker {

namespace {

constexpr std::size_t kFingerprintBytesMax = 1024;

/// What results of the kind depend on, short enough for a Hello.
std::string fingerprint_of(const JobKind& kind) {
  const std::string whole = kind.fingerprint();
  if (whole.size() <= kFingerprintBytesMax) return valid_utf8(whole);
  return digest_of(std::as_bytes(std::span(whole))).hex();
}

/// A fault's strings may hold what a file is called, or what a library says.
Error readable(const Error& error) {
  return Error{error.code, valid_utf8(error.what), valid_utf8(error.where), valid_utf8(error.advice)};
}

}  // namespace

ExecutorHost::ExecutorHost(Fd socket, JobKinds kinds, const HostConfig& config)
    : link_(std::move(socket)),
      kinds_(std::move(kinds)),
      config_(config),
      slots_(config.threads, config.scratch, config.directories,
             Slots::Calls{[this](const SlotTask& task) { return begin(task.attempt); },
                          [this](SlotResult result) { end_and_answer(std::move(result)); }}) {}

ExecutorHost::~ExecutorHost() {
  const std::lock_guard lock(given_mutex_);
  for (auto& [attempt, given] : given_) given.stop.request_stop();
}

Status ExecutorHost::run() {
  say_ready();
  while (true) {
    pollfd readable{link_.fd(), POLLIN, 0};
    if (::poll(&readable, 1, -1) < 0 && errno != EINTR) {
      return fail(ErrorCode::kFailed, "cannot wait for the link: " + errno_text(errno));
    }
    if (readable.revents == 0) continue;
    if (!link_.fill()) return {};  // The link is gone, and with it everybody who wants the results.
    while (true) {
      auto frame = link_.next();
      if (!frame) return propagate(frame);
      if (!frame->has_value()) break;
      on_frame(std::move(**frame));
    }
  }
}

void ExecutorHost::say_ready() {
  local::LocalFrame frame;
  v1::ExecutorReady& ready = *frame.message.mutable_ready();
  ready.set_slots(config_.threads);
  for (const auto& kind : kinds_) {
    v1::OfferedKind& offered = *ready.add_kinds();
    offered.set_name(kind->name());
    offered.set_fingerprint(fingerprint_of(*kind));
  }
  const std::lock_guard lock(sending_);
  [[maybe_unused]] const Status ignored = link_.send(std::move(frame));  // run() sees that the link is gone.
}

void ExecutorHost::on_frame(local::LocalFrame frame) {
  if (frame.message.has_run()) {
    on_run(frame.message.run());
  } else if (frame.message.has_job()) {
    on_job(std::move(frame));
  } else if (frame.message.has_cancel()) {
    on_cancel(frame.message.cancel());
  }
}

void ExecutorHost::on_run(const v1::ExecutorRun& request) {
  std::erase_if(runs_, [&](const OpenRun& open) { return open.number == request.run(); });
  runs_.push_back({request.run(), std::make_shared<OpenedRun>(find_kind(request.kind()), request.kind(), request.setup())});
  if (runs_.size() > kOpenRunsMax) runs_.pop_front();  // Slots that still work on it hold on to it.
}

void ExecutorHost::on_job(local::LocalFrame frame) {
  SlotTask task;
  task.job = wire::from_wire(frame.message.job().job());
  task.attempt = wire::from_wire(frame.message.job().attempt());
  const auto open =
      std::find_if(runs_.begin(), runs_.end(), [&](const OpenRun& entry) { return entry.number == task.job.run.value; });
  if (open == runs_.end()) {
    answer({task.job, task.attempt, fail(ErrorCode::kFailed, "a job of a run that was not opened")});
    return;
  }
  task.run = open->run;
  task.frame = std::move(frame);
  {
    const std::lock_guard lock(given_mutex_);
    given_[task.attempt] = Given{task.job, task.stop, false};
  }
  slots_.post(std::move(task));
}

void ExecutorHost::on_cancel(const v1::ExecutorCancel& cancel) {
  const Attempt attempt = wire::from_wire(cancel.attempt());
  std::optional<Given> never_begun;
  {
    const std::lock_guard lock(given_mutex_);
    const auto found = given_.find(attempt);
    if (found == given_.end() || (cancel.unless_begun() && found->second.has_begun)) return;
    found->second.stop.request_stop();
    if (!found->second.has_begun) {
      never_begun = std::move(found->second);
      given_.erase(found);
    }
  }
  // At once: it may stand behind one that takes long, and nobody is to take it for one that does not stop.
  if (never_begun) answer({never_begun->job, attempt, fail(ErrorCode::kStopped, "cancelled")});
}

bool ExecutorHost::begin(Attempt attempt) {
  const std::lock_guard lock(given_mutex_);
  const auto found = given_.find(attempt);
  if (found == given_.end()) return false;
  found->second.has_begun = true;
  return true;
}

void ExecutorHost::end_and_answer(SlotResult result) {
  {
    const std::lock_guard lock(given_mutex_);
    given_.erase(result.attempt);
  }
  answer(std::move(result));
}

void ExecutorHost::answer(SlotResult result) {
  local::LocalFrame frame;
  v1::ExecutorDone& done = *frame.message.mutable_done();
  *done.mutable_job() = wire::to_wire(result.job);
  *done.mutable_attempt() = wire::to_wire(result.attempt);
  if (result.result) {
    done.set_measures(std::move(result.result->measures));
    *done.mutable_payload() = local::attach_payload(std::move(result.result->result), frame);
  } else {
    const ErrorCode code = result.result.error().code;
    *done.mutable_fault() = wire::to_wire(readable(result.result.error()));
    // The same bytes, read by the same program, are at fault again.
    done.set_final(code == ErrorCode::kInput || code == ErrorCode::kUsage);
  }
  const std::lock_guard lock(sending_);
  [[maybe_unused]] const Status ignored = link_.send(std::move(frame));  // run() sees that the link is gone.
}

JobKind* ExecutorHost::find_kind(const std::string& name) const {
  const auto found = std::find_if(kinds_.begin(), kinds_.end(), [&](const auto& kind) { return kind->name() == name; });
  return found == kinds_.end() ? nullptr : found->get();
}

}  // namespace sheaf::worker
