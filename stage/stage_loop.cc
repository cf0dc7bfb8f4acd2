#include "stage/stage_loop.h"

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "common/base/check.h"
#include "common/net/channel.h"
#include "common/net/hello.h"
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

/// The thread on which the kind works. The session has at most one task under way.
using WorkThread = TaskThreads<Task, Then>;

/// Session, socket and kind together.
class Stage {
 public:
  Stage(const v1::StageSetup& setup, net::DealerChannel channel, const KindMaker& make_kind, std::unique_ptr<WorkThread> work)
      : make_kind_(make_kind),
        channel_(std::move(channel)),
        life_(std::to_string(setup.run()) + "-" + std::to_string(setup.incarnation()) + "-" + std::to_string(::getpid())),
        session_(make_session(setup)),
        work_(std::move(work)) {}

  int run(const Fd& lifeline, SignalFd& signals) {
    net::Poller poller;
    const std::size_t master = poller.add(channel_);
    poller.add(signals.fd());
    const std::size_t parent = poller.add(lifeline.get());
    poller.add(work_->fd());
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
      for (const Then& then : work_->take_done()) {
        then();
        carry_out();
      }
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
        complaints_.add(now(), "message_refused reason=\"" + message->error().what + "\"");
      }
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
      if (leave->exit_code != 0) log_info("stage_left reason=\"" + leave->reason + "\"");
      exit_code_ = leave->exit_code;
    } else if (Open* open = std::get_if<Open>(&action)) {
      work([this, run = std::move(open->run)]() -> Then {
        auto plan = open_and_plan(run);
        return later([this, plan = std::move(plan)](Instant at) mutable { session_.on_open(at, std::move(plan), actions_); });
      });
    } else if (std::holds_alternative<NextJob>(action)) {
      work([this]() -> Then {
        auto job = kind_->next_job();
        return later([this, job = std::move(job)](Instant at) mutable { session_.on_next_job(at, std::move(job), actions_); });
      });
    } else if (Bind* bind = std::get_if<Bind>(&action)) {
      auto result = std::make_shared<Blob>(std::move(bind->result));
      work([this, key = bind->key, result, measures = std::move(bind->measures)]() -> Then {
        auto binding = kind_->bind(key, std::move(*result), measures);
        return later([this, key, binding = std::move(binding)](Instant at) mutable {
          session_.on_bind(at, key, std::move(binding), actions_);
        });
      });
    } else if (std::holds_alternative<Finish>(action)) {
      work([this]() -> Then {
        auto report = kind_->finish();
        return later(
            [this, report = std::move(report)](Instant at) mutable { session_.on_finish(at, std::move(report), actions_); });
      });
    } else if (std::holds_alternative<PublishOutput>(action)) {
      work([this]() -> Then {
        Status status = kind_->publish();
        return later([this, status = std::move(status)](Instant at) { session_.on_publish_output(at, status, actions_); });
      });
    } else if (std::holds_alternative<Abandon>(action)) {
      work([this]() -> Then {
        if (kind_) kind_->abandon();
        return later([this](Instant at) { session_.on_abandon(at, actions_); });
      });
    }
  }

  Result<StagePlan> open_and_plan(const v1::RunDescription& run) {
    auto kind = make_kind_(run, StageOptions{.incarnation = life_, .scratch = scratch_directory()});
    if (!kind) return propagate(kind);
    kind_ = std::move(*kind);
    return kind_->plan();
  }

  void work(Task task) { work_->post(std::move(task)); }

  /// Wraps a call that may own what cannot be copied, as std::function wants it.
  template <class Call>
  static Then later(Call call) {
    auto held = std::make_shared<Call>(std::move(call));
    return [held] { (*held)(now()); };
  }

  const KindMaker& make_kind_;
  net::DealerChannel channel_;
  wire::Outbox outbox_;
  std::string life_;  ///< Run, incarnation and process: no other stage has the same.
  StageSession session_;
  std::unique_ptr<StageKind> kind_;  ///< Of the work thread, once it is made.
  Complaints complaints_;
  std::vector<StageAction> actions_;
  std::optional<int> exit_code_;
  std::unique_ptr<WorkThread> work_;  ///< Last: it ends before what it works on.
};

}  // namespace

Result<int> run_stage(const v1::StageSetup& setup, const Fd& lifeline, SignalFd& signals, const KindMaker& make_kind) {
  const auto endpoint = wire::parse_endpoint(setup.endpoint());
  if (!endpoint) return tl::unexpected(endpoint.error());
  net::Context context;
  auto channel = net::DealerChannel::connect(context, *endpoint);
  if (!channel) return propagate(channel);
  auto work = WorkThread::make(1, [](const Task& task) { return task(); });
  if (!work) return propagate(work);
  Stage stage(setup, std::move(*channel), make_kind, std::move(*work));
  return stage.run(lifeline, signals);
}

}  // namespace sheaf::stage
