#include "master/io/server.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <random>

#include "common/base/exit_code.h"
#include "common/runtime/clock.h"
#include "common/runtime/lifeline.h"
#include "common/runtime/log.h"
#include "master/io/state_directory.h"

namespace sheaf::master {

namespace {

/// When the loop comes to its work so much too late (it was stopped, swapped out), what has piled up is heard before anybody is
/// judged.
constexpr Duration kOwnPause = std::chrono::milliseconds(750);
constexpr Duration kHearingAfterPause = std::chrono::milliseconds(1500);
/// Messages that are taken in one go before the clock is looked at again.
constexpr int kMessagesPerTurn = 1000;
/// Less than a command waits for the master of its private cluster.
constexpr Duration kPrivateStageLeaveMax = std::chrono::milliseconds(1500);
constexpr Duration kInsecureWarning = std::chrono::minutes(1);

class RouterOutbox : public Outbox {
 public:
  explicit RouterOutbox(net::RouterChannel& channel) : channel_(channel) {}
  wire::SendOutcome send(const wire::PeerAddress& to, const wire::Message& message) override {
    return channel_.send(to, message);
  }

 private:
  net::RouterChannel& channel_;
};

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

}  // namespace

Result<int> serve(const ServerOptions& options, SignalFd& signals) {
  std::optional<Fd> lifeline;
  if (options.has_lifeline) {
    auto taken = take_lifeline();
    if (!taken) return propagate(taken);
    lifeline = std::move(*taken);
  }
  auto state = StateDirectory::open(options.state);
  if (!state) return propagate(state);
  net::Context context;
  auto channel = net::RouterChannel::bind(context, options.listen);
  if (!channel) return propagate(channel);

  HubConfig config;
  config.scheduler.epoch = state->epoch().value;
  RouterOutbox outbox(*channel);
  StageChildren stages(local_address(channel->address()), signals,
                       options.has_lifeline ? kPrivateStageLeaveMax : config.stage_goodbye_max);
  DirectoryDisk disk(state->path());
  Spool spool(disk);
  std::random_device device;
  Hub hub(config, outbox, stages, spool, [&device] { return (std::uint64_t{device()} << 32) | device(); });
  log_info("master_started endpoint=" + channel->address() + " epoch=" + std::to_string(state->epoch().value) +
           " state=" + state->path());

  net::Poller poller;
  poller.add(*channel);
  poller.add(signals.fd());
  if (lifeline) poller.add(lifeline->get());

  Instant judge_from = now();
  Instant next_warning = judge_from;
  while (true) {
    std::optional<Instant> wake = hub.next_deadline();
    if (wake) wake = std::max(*wake, judge_from);
    const std::optional<Instant> look = wake;
    if (options.warn_insecure) wake = std::min(wake.value_or(next_warning), next_warning);
    poller.wait(wake ? std::optional(std::max(Duration::zero(), *wake - now())) : std::nullopt);
    const Instant turn = now();
    if (look && turn - *look > kOwnPause) judge_from = turn + kHearingAfterPause;

    if (lifeline && is_parent_gone(*lifeline)) {
      log_info("master_stopped reason=\"the command that started it is gone\"");
      hub.shut_down(now(), "the master stops");
      if (options.listen.is_ipc()) remove_private_socket(options.listen.ipc_path);
      return 0;
    }
    while (const int signal = signals.take()) {
      if (signal == SIGCHLD) {
        for (const StageChildren::Exit& exit : stages.reap()) hub.on_stage_exited(now(), exit.run, exit.how);
        continue;
      }
      log_info("master_stopped signal=" + std::to_string(signal));
      hub.shut_down(now(), "the master stops");
      return exit_code_of_signal(signal);
    }
    for (int i = 0; i < kMessagesPerTurn; ++i) {
      std::optional<net::Incoming> incoming = channel->receive();
      if (!incoming) break;
      hub.on_message(now(), incoming->from, std::move(incoming->message));
    }
    if (look && turn >= *look && turn >= judge_from) hub.on_time(now());
    if (options.warn_insecure && turn >= next_warning) {
      log_warn("insecure endpoint=" + channel->address() + " anybody who reaches this port can use this master");
      next_warning = turn + kInsecureWarning;
    }
  }
}

}  // namespace sheaf::master
