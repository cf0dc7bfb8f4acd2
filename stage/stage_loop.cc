#include "stage/stage_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "common/base/check.h"
#include "common/net/channel.h"
#include "common/net/outbox.h"
#include "common/runtime/clock.h"
#include "common/runtime/files.h"
#include "common/runtime/lifeline.h"
#include "common/runtime/log.h"
#include "common/wire/peer_link.h"
#include "stage/stage_session.h"

namespace sheaf::stage {

namespace {

/// The thread on which the kind works. A task returns what is to be done on the loop's thread afterwards.
class WorkThread {
 public:
  using Then = std::function<void()>;
  using Task = std::function<Then()>;

  WorkThread() : ready_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread_([this] { run(); }) {}
  ~WorkThread() {
    post(nullptr);
    thread_.join();
  }

  /// The session has at most one task under way, so the queue never grows.
  void post(Task task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    wake_.notify_one();
  }
  int fd() const { return ready_.get(); }
  std::optional<Then> take_done() {
    const std::lock_guard lock(mutex_);
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t size = ::read(ready_.get(), &count, sizeof count);
    if (done_.empty()) return std::nullopt;
    Then then = std::move(done_.front());
    done_.pop_front();
    return then;
  }

 private:
  void run() {
    while (true) {
      Task task;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return !tasks_.empty(); });
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      if (!task) return;
      Then then = task();
      const std::lock_guard lock(mutex_);
      done_.push_back(std::move(then));
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t size = ::write(ready_.get(), &one, sizeof one);
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  std::deque<Then> done_;
  Fd ready_;
  std::thread thread_;
};

/// Session, socket and kind together.
class Stage {
 public:
  Stage(const v1::StageSetup& setup, net::DealerChannel channel, const KindMaker& make_kind)
      : make_kind_(make_kind),
        channel_(std::move(channel)),
        life_(std::to_string(setup.run()) + "-" + std::to_string(setup.incarnation()) + "-" + std::to_string(::getpid())),
        session_(make_session(setup)) {}

  int run(const Fd& lifeline, SignalFd& signals) {
    net::Poller poller;
    const std::size_t master = poller.add(channel_);
    poller.add(signals.fd());
    const std::size_t parent = poller.add(lifeline.get());
    poller.add(work_.fd());
    session_.on_time(now(), actions_);
    bool orphaned = false;
    while (true) {
      carry_out();
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
      while (auto message = channel_.receive()) {
        if (*message) {
          session_.on_message(now(), std::move(**message), actions_);
        } else {
          log_warn("message_refused reason=\"" + message->error().what + "\"");
        }
        carry_out();
        if (exit_code_) return *exit_code_;
      }
      while (auto then = work_.take_done()) {
        (*then)();
        carry_out();
        if (exit_code_) return *exit_code_;
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
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    return StageSession(identity, wire::make_session(), host, static_cast<std::uint32_t>(::getpid()), scratch_directory());
  }

  void carry_out() {
    while (!actions_.empty()) {
      std::vector<StageAction> actions = std::exchange(actions_, {});
      for (StageAction& action : actions) carry_out(action);
    }
    outbox_.send(channel_);
  }

  void carry_out(StageAction& action) {
    if (Send* send = std::get_if<Send>(&action)) {
      outbox_.add(std::move(send->message));
    } else if (Leave* leave = std::get_if<Leave>(&action)) {
      if (leave->exit_code != 0) log_info("stage_left reason=\"" + leave->reason + "\"");
      exit_code_ = leave->exit_code;
    } else if (Open* open = std::get_if<Open>(&action)) {
      work([this, run = std::move(open->run)]() -> WorkThread::Then {
        auto plan = open_and_plan(run);
        return later([this, plan = std::move(plan)](Instant at) mutable { session_.on_open(at, std::move(plan), actions_); });
      });
    } else if (std::holds_alternative<NextJob>(action)) {
      work([this]() -> WorkThread::Then {
        auto job = kind_->next_job();
        return later([this, job = std::move(job)](Instant at) mutable { session_.on_next_job(at, std::move(job), actions_); });
      });
    } else if (Bind* bind = std::get_if<Bind>(&action)) {
      auto result = std::make_shared<Blob>(std::move(bind->result));
      work([this, key = bind->key, result, measures = std::move(bind->measures)]() -> WorkThread::Then {
        auto binding = kind_->bind(key, std::move(*result), measures);
        return later([this, key, binding = std::move(binding)](Instant at) mutable {
          session_.on_bind(at, key, std::move(binding), actions_);
        });
      });
    } else if (std::holds_alternative<Finish>(action)) {
      work([this]() -> WorkThread::Then {
        auto report = kind_->finish();
        return later(
            [this, report = std::move(report)](Instant at) mutable { session_.on_finish(at, std::move(report), actions_); });
      });
    } else if (std::holds_alternative<PublishOutput>(action)) {
      work([this]() -> WorkThread::Then {
        Status status = kind_->publish();
        return later([this, status = std::move(status)](Instant at) { session_.on_publish_output(at, status, actions_); });
      });
    } else if (std::holds_alternative<Abandon>(action)) {
      work([this]() -> WorkThread::Then {
        if (kind_) kind_->abandon();
        return later([this](Instant at) { session_.on_abandon(at, actions_); });
      });
    }
  }

  Result<StagePlan> open_and_plan(const v1::RunDescription& run) {
    auto kind = make_kind_(run, KindOptions{.incarnation = life_, .scratch = scratch_directory()});
    if (!kind) return propagate(kind);
    kind_ = std::move(*kind);
    return kind_->plan();
  }

  void work(WorkThread::Task task) { work_.post(std::move(task)); }

  /// Wraps a call that may own what cannot be copied, as std::function wants it.
  template <class Call>
  static WorkThread::Then later(Call call) {
    auto held = std::make_shared<Call>(std::move(call));
    return [held] { (*held)(now()); };
  }

  const KindMaker& make_kind_;
  net::DealerChannel channel_;
  net::Outbox outbox_;
  std::string life_;  ///< Run, incarnation and process: no other stage has the same.
  StageSession session_;
  std::unique_ptr<StageKind> kind_;  ///< Of the work thread, once it is made.
  std::vector<StageAction> actions_;
  std::optional<int> exit_code_;
  WorkThread work_;  ///< Last: it ends before what it works on.
};

}  // namespace

Result<int> run_stage(const v1::StageSetup& setup, const Fd& lifeline, SignalFd& signals, const KindMaker& make_kind) {
  const auto endpoint = wire::parse_endpoint(setup.endpoint());
  if (!endpoint) return tl::unexpected(endpoint.error());
  net::Context context;
  auto channel = net::DealerChannel::connect(context, *endpoint);
  if (!channel) return propagate(channel);
  Stage stage(setup, std::move(*channel), make_kind);
  return stage.run(lifeline, signals);
}

}  // namespace sheaf::stage
