#include "stage/stage_loop.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <utility>

#include "common/base/check.h"
#include "common/net/channel.h"
#include "common/net/hello.h"
#include "common/net/key_file.h"
#include "common/runtime/clock.h"
#include "common/runtime/complaints.h"
#include "common/runtime/files.h"
#include "common/runtime/lifeline.h"
#include "common/runtime/log.h"
#include "common/runtime/task_threads.h"
#include "common/wire/outbox.h"
#include "common/wire/peer_link.h"
#include "stage/stage_session.h"

namespace sheaf::stage {

namespace {

/// Then what the session has said goes out, and the work thread gets its turn.
constexpr int kMessagesPerTurn = 64;

/// What is to be done on the loop's thread once a task is done.
using Then = std::function<void()>;
using Task = std::function<Then()>;

/// The thread of a source, with a few tasks at a time, or of a sink, with one.
using WorkThread = TaskThreads<Task, Then>;

/// Session, socket, source and sink together.
class Stage {
 public:
  Stage(const v1::StageSetup& setup, net::DealerChannel channel, const RunOpener& open_run,
        std::unique_ptr<WorkThread> source_thread, std::unique_ptr<WorkThread> sink_thread)
      : open_run_(open_run),
        channel_(std::move(channel)),
        life_(std::to_string(setup.run()) + "-" + std::to_string(setup.incarnation()) + "-" + std::to_string(::getpid())),
        session_(make_session(setup)),
        source_thread_(std::move(source_thread)),
        sink_thread_(std::move(sink_thread)) {}

  int run(const Fd& lifeline, SignalFd& signals) {
    net::Poller poller;
    const std::size_t master = poller.add(channel_);
    poller.add(signals.fd());
    const std::size_t parent = poller.add(lifeline.get());
    poller.add(source_thread_->fd());
    poller.add(sink_thread_->fd());
    session_.on_time(now(), actions_);
    bool orphaned = false;
    while (true) {
      carry_out();
      outbox_.flush([this](const wire::Message& message) { return channel_.send(message); });
      if (exit_code_) return *exit_code_;
      poller.watch_writable(master, !outbox_.is_empty());
      const auto deadline = session_.next_deadline();
      poller.wait(deadline ? std::optional(std::max(Duration::zero(), *deadline - now())) : std::nullopt);

      if (!orphaned && is_parent_gone(lifeline)) {
        orphaned = true;
        poller.remove(parent);  // It stays readable for ever.
        session_.stop(now(), "the program that started it is gone", actions_);
      }
      while (const int signal = signals.take()) {
        session_.stop(now(), "signal " + std::to_string(signal), actions_);
      }
      take_messages();
      take_done(*source_thread_);
      take_done(*sink_thread_);
      session_.on_time(now(), actions_);
    }
  }

 private:
  static StageSession make_session(const v1::StageSetup& setup) {
    v1::StageHello identity;
    identity.set_run(setup.run());
    identity.set_token(setup.token());
    identity.set_incarnation(setup.incarnation());
    return StageSession(identity, net::hello_of_this_process(), scratch_directory());
  }

  void take_messages() {
    for (int i = 0; i < kMessagesPerTurn; ++i) {
      auto message = channel_.receive();
      if (!message) return;
      if (*message) {
        session_.on_message(now(), std::move(**message), actions_);
      } else {
        complaints_.add(now(), "message_refused", {{"reason", message->error().what}});
      }
      carry_out();
    }
  }

  void take_done(WorkThread& thread) {
    for (const Then& then : thread.take_done()) {
      then();
      carry_out();
    }
  }

  void carry_out() {
    while (!actions_.empty()) {
      std::vector<StageAction> actions = std::exchange(actions_, {});
      for (StageAction& action : actions) carry_out(action);
    }
  }

  void carry_out(StageAction& action) {
    if (Send* send = std::get_if<Send>(&action)) {
      outbox_.add(std::move(send->message));
    } else if (Leave* leave = std::get_if<Leave>(&action)) {
      if (leave->exit_code != 0) log_info("stage_left", {{"reason", leave->reason}});
      exit_code_ = leave->exit_code;
    } else if (Open* open = std::get_if<Open>(&action)) {
      sink_thread_->post([this, run = std::move(open->run)]() -> Then {
        auto opened = open_run_(run, StageOptions{.incarnation = life_, .scratch = scratch_directory()});
        return later([this, opened = std::move(opened)](Instant at) mutable { on_open(at, std::move(opened)); });
      });
    } else if (std::holds_alternative<NextJob>(action)) {
      source_thread_->post([this, source = source_.get()]() -> Then {
        Result<std::optional<JobOut>> job = std::nullopt;
        if (!is_source_done_) job = source->next_job();
        if (!job || !*job) is_source_done_ = true;
        return later([this, job = std::move(job)](Instant at) mutable { session_.on_next_job(at, std::move(job), actions_); });
      });
    } else if (std::holds_alternative<Interrupt>(action)) {
      is_source_done_ = true;
      if (source_) source_->stop();
      if (sink_) sink_->stop();
    } else {
      call_sink(action);
    }
  }

  void call_sink(StageAction& action) {
    ResultSink* sink = sink_.get();
    if (Bind* bind = std::get_if<Bind>(&action)) {
      auto results = std::make_shared<Bind>(std::move(*bind));
      sink_thread_->post([this, sink, results]() -> Then {
        auto bound = bind_in_order(*sink, std::move(*results));
        return later(
            [this, bound = std::move(bound)](Instant at) mutable { session_.on_bind(at, std::move(bound), actions_); });
      });
    } else if (std::holds_alternative<Finish>(action)) {
      sink_thread_->post([this, sink]() -> Then {
        auto report = sink->finish();
        return later(
            [this, report = std::move(report)](Instant at) mutable { session_.on_finish(at, std::move(report), actions_); });
      });
    } else if (std::holds_alternative<PublishOutput>(action)) {
      sink_thread_->post([this, sink]() -> Then {
        Status status = sink->publish();
        return later([this, status = std::move(status)](Instant at) { session_.on_publish_output(at, status, actions_); });
      });
    } else if (std::holds_alternative<Abandon>(action)) {
      sink_thread_->post([this, sink]() -> Then {
        if (sink != nullptr) sink->abandon();
        return later([this](Instant at) { session_.on_abandon(at, actions_); });
      });
    }
  }

  void on_open(Instant at, Result<OpenedRun> opened) {
    if (!opened) {
      session_.on_open(at, propagate(opened), actions_);
      return;
    }
    source_ = std::move(opened->source);
    sink_ = std::move(opened->sink);
    session_.on_open(at, std::move(opened->plan), actions_);
  }

  /// Wraps a call that may own what cannot be copied, as std::function wants it.
  template <class Call>
  static Then later(Call call) {
    auto held = std::make_shared<Call>(std::move(call));
    return [held] { (*held)(now()); };
  }

  const RunOpener& open_run_;
  net::DealerChannel channel_;
  wire::Outbox outbox_;
  std::string life_;  ///< Run, incarnation and process: no other stage has the same.
  StageSession session_;
  std::unique_ptr<JobSource> source_;         ///< Once the run is open. What it does, it does on its own thread.
  std::unique_ptr<ResultSink> sink_;          ///< Likewise.
  std::atomic<bool> is_source_done_ = false;  ///< It has said its last word, or was told to stop.
  Complaints complaints_;
  std::vector<StageAction> actions_;
  std::optional<int> exit_code_;
  // Last: they end before what they work on.
  std::unique_ptr<WorkThread> source_thread_;
  std::unique_ptr<WorkThread> sink_thread_;
};

}  // namespace

Result<int> run_stage(const v1::StageSetup& setup, const Fd& lifeline, SignalFd& signals, const RunOpener& open_run) {
  auto endpoint = wire::parse_endpoint(setup.endpoint());
  if (!endpoint) return propagate(endpoint);
  if (setup.has_keys()) {
    net::leave_no_core_dump();
    endpoint->keys = wire::CurveKeys{setup.keys().server_key(), setup.keys().public_key(), setup.keys().secret_key()};
  }
  net::Context context;
  auto channel = net::DealerChannel::connect(context, *endpoint);
  if (!channel) return propagate(channel);
  const auto perform = [](const Task& task) { return task(); };
  auto source_thread = WorkThread::make(1, perform);
  if (!source_thread) return propagate(source_thread);
  auto sink_thread = WorkThread::make(1, perform);
  if (!sink_thread) return propagate(sink_thread);
  Stage stage(setup, std::move(*channel), open_run, std::move(*source_thread), std::move(*sink_thread));
  return stage.run(lifeline, signals);
}

}  // namespace sheaf::stage
