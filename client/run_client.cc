#include "client/run_client.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "common/net/channel.h"
#include "common/net/hello.h"
#include "common/runtime/clock.h"
#include "common/wire/outbox.h"
#include "common/wire/stage_setup.h"

namespace sheaf::client {

namespace {

constexpr Duration kInsecureReminder = std::chrono::minutes(1);
/// A worker that is just starting is there sooner.
constexpr Duration kIdleMax = std::chrono::seconds(3);

const char* signal_name(int signal) {
  return signal == SIGTERM ? "SIGTERM" : signal == SIGHUP ? "SIGHUP" : "SIGINT";
}

/// How often it is looked whether a master has come.
constexpr Duration kLookForMaster = std::chrono::milliseconds(50);
/// What an answer may take in any case.
constexpr Duration kAnswerMax = std::chrono::seconds(1);

/// The loop around a RunSession: socket, clock, signals, children.
class RunLoop {
 public:
  RunLoop(const RunRequest& request, net::DealerChannel& channel, Children& children, SignalFd& signals,
          ProgressDisplay& display)
      : request_(request),
        channel_(channel),
        children_(children),
        signals_(signals),
        display_(display),
        session_(net::hello_of_this_process(), request.description, request.endpoint.address, request.limits, now()),
        reminder_(now()) {}

  RunOutcome run() {
    while (!session_.has_ended() && !leave_now_) {
      on_time();
      if (session_.has_ended()) break;
      wait();
      on_signals();
      children_.read_outputs();
      on_messages();
      on_handshake();
      start_stage_if_asked();
      show();
    }
    send_outbox();  // A last word (CancelRun) goes out if it can.
    return outcome();
  }

 private:
  void on_time() {
    const Instant time = now();
    session_.on_time(time, fresh_);
    send_outbox();
    if (!request_.endpoint.is_protected() && time >= reminder_) {
      display_.say(request_.endpoint.address + ": the connection is neither encrypted nor authenticated (--insecure)");
      reminder_ = time + kInsecureReminder;
    }
  }

  void wait() {
    net::Poller poller;
    poller.watch_writable(poller.add(channel_), !outbox_.is_empty());
    channel_.watch_handshakes(poller);
    poller.add(signals_.fd());
    for (const int descriptor : children_.output_descriptors()) poller.add(descriptor);
    Duration timeout = std::chrono::seconds(1);
    if (const auto deadline = session_.next_deadline()) timeout = std::min(timeout, *deadline - now());
    poller.wait(std::max(timeout, Duration::zero()));
  }

  void on_messages() {
    while (auto message = channel_.receive()) {
      if (*message) {
        session_.on_message(now(), **message, fresh_);
      } else {
        session_.give_up(Error{ErrorCode::kCluster, "the master sends what this client cannot read: " + message->error().what,
                               request_.endpoint.address, "use the same version of sheaf on both sides"},
                         fresh_);
      }
      send_outbox();
    }
    for (const std::string& notice : session_.take_notices()) display_.say(notice);
  }

  void on_handshake() {
    const net::Handshake handshake = channel_.handshake();
    // Later it may come from somebody who has taken the master's place for a moment: a denial is not signed.
    const bool is_believed = handshake == net::Handshake::kDenied && session_.run() == 0;
    if (is_believed) session_.give_up(net::handshake_error(handshake, request_.endpoint), fresh_);
  }

  void on_signals() {
    for (int signal = signals_.take(); signal != 0; signal = signals_.take()) {
      if (signal == SIGCHLD) {
        for (const Children::Ended& ended : children_.reap()) on_child_ended(ended);
      } else if (signal_ != 0) {
        leave_now_ = true;
      } else {
        signal_ = signal;
        session_.cancel(now(), std::string("stopped by ") + signal_name(signal), fresh_);
      }
    }
    send_outbox();
  }

  void on_child_ended(const Children::Ended& ended) {
    if (stage_ && ended.child == *stage_) {
      on_stage_ended(ended);
    } else if (request_.is_private_cluster && ended.program != request_.description.stage_program()) {
      // The answer to the last message may be behind its sender's death.
      on_messages();
      session_.give_up(Error{ErrorCode::kCluster, ended.text(), "private cluster", ""}, fresh_);
    }
  }

  void on_stage_ended(const Children::Ended& ended) {
    stage_.reset();
    // One that leaves in order (0: done, 1: given up) has heard from the master how the run ended, or has told it; the news is
    // on its way to us.
    if (ended.exit.signal == 0 && ended.exit.code <= 1) return;
    // As with a stage under the master: its run is over. A restarted one could not continue yet, because nothing that was bound
    // is kept.
    session_.give_up(Error{ErrorCode::kFailed, "the process that cuts and binds: " + ended.text(), {}, "run the command again"},
                     fresh_);
  }

  void start_stage_if_asked() {
    std::optional<StageTicket> ticket = session_.take_ticket();
    if (!ticket) return;
    // The run of an earlier life of the master: its stage has nobody to work for any more.
    if (stage_) children_.let_go(*stage_);
    stage_.reset();
    ticket_ = std::move(*ticket);
    start_stage();
  }

  void start_stage() {
    v1::StageSetup setup;
    setup.set_endpoint(request_.endpoint.address);
    if (const auto& keys = request_.endpoint.keys) {
      setup.mutable_keys()->set_server_key(keys->server_key);
      setup.mutable_keys()->set_public_key(keys->public_key);
      setup.mutable_keys()->set_secret_key(keys->secret_key);
    }
    setup.set_run(ticket_.run);
    setup.set_token(ticket_.token);
    setup.set_incarnation(1);
    auto started = children_.start(
        {request_.description.stage_program(), {}, SIGTERM, wire::encode_stage_setup(setup), request_.stage_input});
    if (started) {
      stage_ = *started;
    } else {
      session_.give_up(started.error(), fresh_);
    }
  }

  /// Sends what it can; the rest waits for a connection.
  void send_outbox() {
    for (wire::Message& message : std::exchange(fresh_, {})) outbox_.add(std::move(message));
    outbox_.flush([this](const wire::Message& message) { return channel_.send(message); });
  }

  void show() {
    const v1::RunUpdate& update = session_.update();
    ProgressView view;
    view.is_connected = session_.run() != 0;
    view.has_own_master = request_.is_private_cluster;
    view.state = update.state();
    view.unit = request_.unit;
    view.done = update.units_done();
    if (update.has_units_total()) view.total = update.units_total();
    view.slots = update.slots();
    view.unfit_workers = update.unfit_workers();
    view.other_workers = update.other_workers();
    if (update.state() == v1::RUN_WORKING) rate_.add(now(), update.units_done());
    view.rate = rate_.rate();
    display_.show(now(), view);
    say_if_idle(update);
  }

  void say_if_idle(const v1::RunUpdate& update) {
    const bool is_idle = update.state() == v1::RUN_WORKING && update.slots() == 0;
    if (!is_idle) idle_since_.reset();
    if (is_idle && !idle_since_) idle_since_ = now();
    if (!idle_since_ || has_said_idle_ || request_.idle_notice.empty() || now() - *idle_since_ < kIdleMax) return;
    has_said_idle_ = true;
    display_.say(request_.idle_notice);
  }

  RunOutcome outcome() const {
    RunOutcome result;
    result.run = session_.run();
    result.update = session_.update();
    result.wall = now() - request_.started;
    if (session_.error()) result.errors.push_back(*session_.error());
    const bool has_no_master = session_.error() && session_.error()->code == ErrorCode::kCluster && !session_.is_connected();
    if (has_no_master) result.errors = {net::no_connection_error(channel_.handshake(), request_.endpoint, *session_.error())};
    if (result.errors.empty() && signal_ != 0 && (session_.was_cancelled() || leave_now_)) {
      result.signal = signal_ == SIGHUP ? SIGTERM : signal_;
      result.errors.push_back(Error{ErrorCode::kStopped, std::string("stopped by ") + signal_name(signal_), {}, {}});
    }
    return result;
  }

  const RunRequest& request_;
  net::DealerChannel& channel_;
  Children& children_;
  SignalFd& signals_;
  ProgressDisplay& display_;
  RunSession session_;
  RateMeter rate_;
  Instant reminder_;
  std::optional<Instant> idle_since_;  ///< No worker is there for the run.
  bool has_said_idle_ = false;

  std::vector<wire::Message> fresh_;
  wire::Outbox outbox_;

  std::optional<Children::Index> stage_;
  StageTicket ticket_;

  int signal_ = 0;
  bool leave_now_ = false;
};

}  // namespace

namespace {

RunOutcome outcome_of(const RunRequest& request, std::optional<Error> error, int signal = 0) {
  RunOutcome outcome;
  outcome.wall = now() - request.started;
  outcome.signal = signal == SIGHUP ? SIGTERM : signal;
  if (signal != 0) error = Error{ErrorCode::kStopped, std::string("stopped by ") + signal_name(signal), {}, {}};
  outcome.errors.push_back(std::move(*error));
  return outcome;
}

/// A master that is started in the same breath as the command has its time to come up. Empty when it is there, or can only be
/// found by trying; else how it ends.
std::optional<RunOutcome> wait_for_master(const RunRequest& request, SignalFd& signals, ProgressDisplay& display) {
  if (request.is_private_cluster || !request.endpoint.is_ipc()) return std::nullopt;
  net::Poller poller;
  poller.add(signals.fd());
  const Instant end = now() + request.wait_for_master;
  while (true) {
    const Result<bool> is_there = net::is_listened_to(request.endpoint);
    if (is_there && *is_there) return std::nullopt;
    if (!is_there || now() >= end) {
      return outcome_of(request, Error{ErrorCode::kCluster, is_there ? "no master listens there" : is_there.error().what,
                                       request.endpoint.address,
                                       "start one (sheaf-master --listen ...), or leave --master out for a private cluster"});
    }
    ProgressView view;
    view.has_own_master = false;
    display.show(now(), view);
    poller.wait(std::min(kLookForMaster, end - now()));
    for (int signal = signals.take(); signal != 0; signal = signals.take()) {
      if (signal != SIGCHLD) return outcome_of(request, std::nullopt, signal);
    }
  }
}

}  // namespace

RunOutcome run_to_end(const RunRequest& request, Children& children, SignalFd& signals, ProgressDisplay& display) {
  const Instant begin = now();
  if (auto ended = wait_for_master(request, signals, display)) return std::move(*ended);
  // Neither is ever taken down, because ZeroMQ 4.3.4 may free a pipe twice when it takes down a socket (libzmq issue 4806), and
  // a run that is done must not end with a crash. main() leaves without destructors of static objects for the same reason.
  auto* context = new net::Context;
  auto channel = net::DealerChannel::connect(*context, request.endpoint);
  if (!channel) return outcome_of(request, channel.error());
  auto* kept = new net::DealerChannel(std::move(*channel));
  RunRequest submitted = request;
  if (!request.is_private_cluster) {
    submitted.limits.welcome_max = std::max(kAnswerMax, request.wait_for_master - (now() - begin));
  }
  return RunLoop(submitted, *kept, children, signals, display).run();
}

}  // namespace sheaf::client
