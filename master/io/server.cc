#include "master/io/server.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <random>

#include "common/base/exit_code.h"
#include "common/net/gate_proof.h"
#include "common/runtime/clock.h"
#include "common/runtime/lifeline.h"
#include "common/runtime/log.h"
#include "master/io/audit_file.h"
#include "master/io/state_directory.h"

namespace sheaf::master {

namespace {

/// When the loop comes to its work so much too late (it was stopped, swapped out), what has piled up is heard before anybody is
/// judged.
constexpr Duration kOwnPause = std::chrono::milliseconds(750);
constexpr Duration kHearingAfterPause = std::chrono::milliseconds(1500);
/// Messages that are taken in one go before the clock is looked at again, and before what came of them is sent: what is said of
/// many jobs then travels together.
constexpr int kMessagesPerTurn = 1000;
constexpr int kMessagesPerFlush = 64;
/// Less than a command waits for the master of its private cluster.
constexpr Duration kPrivateStageLeaveMax = std::chrono::milliseconds(1500);
constexpr Duration kInsecureWarning = std::chrono::minutes(1);

/// The address that stages on this machine use: one cannot connect to "all interfaces".
std::string local_address(std::string address) {
  const std::string any = "tcp://0.0.0.0:";
  if (address.starts_with(any)) address = "tcp://127.0.0.1:" + address.substr(any.size());
  return address;
}

/// A command that was killed cannot remove the directory of its private sockets; ours is in it, and goes first.
void remove_private_socket(const std::string& path) {
  ::unlink(path.c_str());
  ::rmdir(path.substr(0, path.rfind('/')).c_str());
}

/// What a master with keys has beside.
struct Guard {
  net::Gate gate;
  net::KeyDirectory keys;
  AuditFile audit;
};

/// The hub between its sockets, its clock, its signals and its children.
class Loop {
 public:
  /// `guard`: nullptr without keys.
  Loop(const ServerOptions& options, const HubConfig& config, net::RouterChannel& channel, Guard* guard, StageChildren& stages,
       Spool& spool, SignalFd& signals)
      : options_(options),
        channel_(channel),
        guard_(guard),
        stages_(stages),
        signals_(signals),
        hub_(
            config, outboxes_, stages, spool, [this] { return (std::uint64_t{device_()} << 32) | device_(); },
            guard == nullptr ? nullptr : &guard->audit),
        judge_from_(now()),
        next_warning_(judge_from_) {}

  /// `lifeline`: empty without one.
  int run(const std::optional<Fd>& lifeline) {
    net::Poller poller;
    poller.add(channel_);
    poller.add(signals_.fd());
    if (lifeline) poller.add(lifeline->get());
    if (guard_ != nullptr) poller.add(guard_->gate);
    while (true) {
      std::optional<Instant> look = hub_.next_deadline();
      if (look) look = std::max(*look, judge_from_);
      poller.wait(wait_at_most(look));
      const Instant turn = now();
      if (look && turn - *look > kOwnPause) judge_from_ = turn + kHearingAfterPause;

      if (lifeline && is_parent_gone(*lifeline)) {
        log_info("master_stopped", {{"reason", "the command that started it is gone"}});
        shut_down();
        if (options_.listen.is_ipc()) remove_private_socket(options_.listen.ipc_path);
        return 0;
      }
      if (const int signal = take_signals()) {
        log_info("master_stopped", {{"signal", signal}});
        shut_down();
        return exit_code_of_signal(signal);
      }
      if (guard_ != nullptr) {
        answer_handshakes();
        guard_->audit.on_time(now());
      }
      take_messages();
      if (look && turn >= *look && turn >= judge_from_) hub_.on_time(now());
      flush();
      if (options_.warn_insecure && turn >= next_warning_) {
        log_warn("insecure",
                 {{"endpoint", channel_.address()}, {"reason", "anybody who reaches this port can use this master"}});
        next_warning_ = turn + kInsecureWarning;
      }
    }
  }

 private:
  std::optional<Duration> wait_at_most(std::optional<Instant> look) const {
    std::optional<Instant> wake = look;
    const auto consider = [&wake](Instant when) { wake = std::min(wake.value_or(when), when); };
    if (!outboxes_.is_empty()) consider(now() + PeerOutboxes::kRetry);
    if (options_.warn_insecure) consider(next_warning_);
    return wake ? std::optional(std::max(Duration::zero(), *wake - now())) : std::nullopt;
  }

  /// Hears of children that have ended. Returns the signal that is to end this process, else 0.
  int take_signals() {
    while (const int signal = signals_.take()) {
      if (signal == SIGHUP) {
        read_keys();
        continue;
      }
      if (signal != SIGCHLD) return signal;
      for (const StageChildren::Exit& exit : stages_.reap()) hub_.on_stage_exited(now(), exit.run, exit.how);
    }
    return 0;
  }

  void answer_handshakes() {
    for (const net::Denied& denied : guard_->gate.answer()) {
      const std::string why = denied.name.empty() ? "unknown key" : "the key \"" + denied.name + "\" was revoked";
      denials_.add(now(), "handshake_denied", {{"from", denied.address}, {"reason", why}});
      guard_->audit.record({AuditEvent::What::kDenied, {denied.key, denied.name}, denied.address, why});
    }
  }

  void say_keys_not_read(const Error& error) {
    guard_->audit.record({AuditEvent::What::kKeysNotRead, {}, {}, error.message()});
    log_error("keys_not_read", {{"reason", error.message()}, {"still", "those of before"}});
  }

  /// A list that is faulty changes nothing.
  void read_keys() {
    if (guard_ == nullptr) return;
    auto keys = net::KeyDirectory::open(guard_->keys.path());
    if (!keys) return say_keys_not_read(keys.error());
    // Nobody could come back: what all of them have was made for the key that this master has.
    if (keys->server().secret_key != guard_->keys.server().secret_key) {
      return say_keys_not_read(
          Error{ErrorCode::kUsage, "has another server key", keys->path(), "start the master again to take it"});
    }
    guard_->keys = std::move(*keys);
    guard_->gate.replace(guard_->keys);
    log_info("keys_read", {{"holders", guard_->keys.holders().size()}});
    guard_->audit.record({AuditEvent::What::kKeysRead, {}, {}, std::to_string(guard_->keys.holders().size()) + " holders"});
    hub_.on_keys_changed(now(), [this](const std::string& key) { return guard_->gate.find(key); });
  }

  void take_messages() {
    for (int i = 1; i <= kMessagesPerTurn; ++i) {
      std::optional<net::Incoming> incoming = channel_.receive();
      if (!incoming) return;
      if (guard_ == nullptr) {
        hub_.on_message(now(), incoming->from, std::move(incoming->message));
      } else if (const wire::Principal* who = guard_->gate.find(incoming->user)) {
        hub_.on_message(now(), incoming->from, std::move(incoming->message), *who);
      } else {
        hub_.on_stranger(now(), incoming->from, guard_->gate.find_former(incoming->user));
      }
      if (i % kMessagesPerFlush == 0) flush();
    }
  }

  void flush() {
    const auto send = [this](const wire::PeerAddress& to, const wire::Message& message) { return channel_.send(to, message); };
    // What is said over those who are gone may meet others who are.
    for (auto gone = outboxes_.flush(send); !gone.empty(); gone = outboxes_.flush(send)) {
      for (const wire::PeerAddress& address : gone) hub_.on_gone(now(), address);
    }
  }

  void shut_down() {
    hub_.shut_down(now(), "the master stops");
    flush();
  }

  const ServerOptions& options_;
  net::RouterChannel& channel_;
  Guard* guard_;
  StageChildren& stages_;
  SignalFd& signals_;
  std::random_device device_;
  PeerOutboxes outboxes_;
  Hub hub_;
  Instant judge_from_;
  Instant next_warning_;
  Complaints denials_;
};

/// nullptr without keys.
Result<std::unique_ptr<Guard>> make_guard(net::Context& context, const ServerOptions& options, const std::string& state) {
  if (!options.keys) return nullptr;
  auto gate = net::Gate::open(context, *options.keys);
  if (!gate) return propagate(gate);
  auto audit = AuditFile::open(state + "/audit.jsonl");
  if (!audit) return propagate(audit);
  return std::make_unique<Guard>(Guard{std::move(*gate), *options.keys, std::move(*audit)});
}

}  // namespace

Result<int> serve(const ServerOptions& options, SignalFd& signals) {
  std::optional<Fd> lifeline;
  if (options.has_lifeline) {
    auto taken = take_lifeline();
    if (!taken) return propagate(taken);
    lifeline = std::move(*taken);
  }
  HubConfig config;
  config.scheduler.lease = options.lease;
  if (Status status = config.scheduler.validate(); !status) return propagate(status);
  auto state = StateDirectory::open(options.state);
  if (!state) return propagate(state);
  net::Context context;
  auto guard = make_guard(context, options, state->path());  // First: ZeroMQ must not answer for it.
  if (!guard) return propagate(guard);
  Guard* const guards = guard->get();
  auto channel = net::RouterChannel::bind(context, options.listen, guards == nullptr ? nullptr : &guards->gate);
  if (!channel) return propagate(channel);
  if (guards != nullptr) {
    Status proof = net::prove_gate(context, guards->gate, *channel, local_address(channel->address()), guards->keys);
    if (!proof) return propagate(proof);
  }

  config.scheduler.epoch = state->epoch().value;
  StageChildren stages(local_address(channel->address()), signals,
                       options.has_lifeline ? kPrivateStageLeaveMax : config.stage_goodbye_max);
  DirectoryDisk disk(state->path());
  Spool spool(disk);
  Loop loop(options, config, *channel, guards, stages, spool, signals);
  log_info("master_started", {{"endpoint", channel->address()}, {"epoch", state->epoch().value}, {"state", state->path()}});
  return loop.run(lifeline);
}

}  // namespace sheaf::master
