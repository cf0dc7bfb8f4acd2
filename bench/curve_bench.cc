// What encryption costs on the wire: the same messages over TCP with CURVE and without, from one process to another, in turn.
//
//   curve_bench [ROUNDS]      5 by default; median (min..max) of each

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "common/net/channel.h"
#include "common/net/gate.h"
#include "common/runtime/clock.h"
#include "common/runtime/fd.h"
#include "common/runtime/private_directory.h"

namespace {

using namespace sheaf;

struct Size {
  std::size_t payload;
  std::uint64_t messages;
  const char* name;
};
constexpr Size kSizes[] = {{64, 400'000, "64 B"}, {64 * 1024, 12'000, "64 KiB"}, {1024 * 1024, 1'000, "1 MiB"}};
constexpr std::uint64_t kWindowBytes = 32 * 1024 * 1024;
constexpr std::uint64_t kWindowMessages = 4096;

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}
/// Of all threads of this process, ZeroMQ's included.
double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t window_of(const Size& size) {
  return std::clamp<std::uint64_t>(kWindowBytes / size.payload, 2, kWindowMessages);
}

wire::Message part_of(const Size& size) {
  wire::Message message;
  v1::TransferRef& transfer = *message.envelope.mutable_part()->mutable_transfer();
  transfer.mutable_job()->set_run(1);
  transfer.mutable_attempt()->set_epoch(1);
  transfer.mutable_attempt()->set_n(1);
  message.payloads.push_back(Bytes::copy_of(std::string(size.payload, 'x')));
  return message;
}

/// Takes the messages, and says after each half of a window how far it is. Tells its address and its CPU time through `out`.
void receive_all(const Size& size, const net::KeyDirectory* keys, int out) {
  net::Context context;
  std::optional<net::Gate> gate;
  if (keys != nullptr) gate.emplace(std::move(*net::Gate::open(context, *keys)));
  auto router = net::RouterChannel::bind(context, *wire::parse_endpoint("tcp://127.0.0.1:*"), gate ? &*gate : nullptr);
  SHEAF_CHECK(router.has_value());
  const std::string address = router->address() + "\n";
  SHEAF_CHECK(::write(out, address.data(), address.size()) == static_cast<ssize_t>(address.size()));
  net::Poller poller;
  poller.add(*router);
  if (gate) poller.add(*gate);
  wire::Message progress;
  progress.envelope.mutable_heartbeat();
  const std::uint64_t step = window_of(size) / 2;
  double began = 0;
  for (std::uint64_t taken = 0; taken < size.messages;) {
    if (gate) gate->answer();
    auto incoming = router->receive();
    if (!incoming) {
      poller.wait(std::nullopt);
      continue;
    }
    SHEAF_CHECK(incoming->message.has_value());
    if (taken++ == 0) began = cpu_seconds();
    if (taken % step == 0 || taken == size.messages) router->send(incoming->from, progress);
  }
  const double used = cpu_seconds() - began;
  SHEAF_CHECK(::write(out, &used, sizeof used) == sizeof used);
}

struct Measured {
  double wall = 0;
  double sender_cpu = 0;
  double receiver_cpu = 0;
};

Measured measure(const Size& size, const net::KeyDirectory* keys) {
  Pipe pipe = *make_pipe();
  const pid_t child = ::fork();  // Before there is a context.
  if (child == 0) {
    receive_all(size, keys, pipe.write.get());
    ::_exit(0);
  }
  std::string address;
  for (char c = 0; ::read(pipe.read.get(), &c, 1) == 1 && c != '\n';) address += c;
  wire::Endpoint endpoint{address, {}, {}};
  if (keys != nullptr) {
    const auto file = net::read_key_file(keys->path() + "/worker.toml");
    endpoint.keys = wire::CurveKeys{file->server_key, file->public_key, file->secret_key};
  }
  net::Context context;
  auto dealer = net::DealerChannel::connect(context, endpoint);
  net::Poller poller;
  const std::size_t index = poller.add(*dealer);
  const wire::Message message = part_of(size);
  const std::uint64_t window = window_of(size);
  const std::uint64_t step = window / 2;
  std::uint64_t sent = 0;
  std::uint64_t told = 0;
  const std::uint64_t answers = (size.messages + step - 1) / step;
  Measured measured;
  Instant begin{};
  while (told < answers) {
    while (dealer->receive()) told += 1;
    bool is_full = false;
    while (!is_full && sent < size.messages && sent - told * step < window) {
      is_full = dealer->send(message) != wire::SendOutcome::kSent;
      if (is_full) break;
      // The connection stands: its handshake is no part of it.
      if (sent++ == 0) {
        begin = now();
        measured.sender_cpu = cpu_seconds();
      }
    }
    if (told >= answers) break;
    poller.watch_writable(index, is_full);
    poller.wait(std::nullopt);
  }
  measured.wall = std::chrono::duration<double>(now() - begin).count();
  measured.sender_cpu = cpu_seconds() - measured.sender_cpu;
  SHEAF_CHECK(::read(pipe.read.get(), &measured.receiver_cpu, sizeof measured.receiver_cpu) == sizeof measured.receiver_cpu);
  ::waitpid(child, nullptr, 0);
  return measured;
}

std::string spread(std::vector<double> values, const char* format) {
  std::sort(values.begin(), values.end());
  char text[128];
  std::string out;
  const double picked[] = {values[values.size() / 2], values.front(), values.back()};
  const char* around[] = {"", " (", ".."};
  for (int i = 0; i < 3; ++i) {
    std::snprintf(text, sizeof text, format, picked[i]);
    out += around[i] + std::string(text);
  }
  return out + ")";
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  auto directory = PrivateDirectory::make();
  const auto keys = net::KeyDirectory::create(directory->path() + "/keys", "tcp://127.0.0.1:7077");
  SHEAF_CHECK(keys.has_value());
  std::printf("%-8s %-6s %-28s %-28s %-28s\n", "payload", "", "MiB/s", "sender, MiB a CPU second",
              "receiver, MiB a CPU second");
  for (const Size& size : kSizes) {
    const double mebibytes = static_cast<double>(size.payload * size.messages) / (1024.0 * 1024.0);
    std::map<bool, std::vector<Measured>> all;
    for (int round = 0; round < rounds; ++round) {
      for (const bool with_keys : {round % 2 == 0, round % 2 != 0}) {
        all[with_keys].push_back(measure(size, with_keys ? &*keys : nullptr));
      }
    }
    for (const bool with_keys : {false, true}) {
      std::vector<double> rate;
      std::vector<double> sender;
      std::vector<double> receiver;
      for (const Measured& one : all[with_keys]) {
        rate.push_back(mebibytes / one.wall);
        sender.push_back(mebibytes / one.sender_cpu);
        receiver.push_back(mebibytes / one.receiver_cpu);
      }
      std::printf("%-8s %-6s %-28s %-28s %-28s\n", size.name, with_keys ? "CURVE" : "plain", spread(rate, "%.1f").c_str(),
                  spread(sender, "%.1f").c_str(), spread(receiver, "%.1f").c_str());
    }
    std::vector<double> ratio;
    for (int round = 0; round < rounds; ++round) {
      const auto cpu = [](const Measured& one) { return one.sender_cpu + one.receiver_cpu; };
      const auto at = static_cast<std::size_t>(round);
      ratio.push_back(cpu(all[true][at]) / cpu(all[false][at]));
    }
    std::printf("%-8s CPU of both ends, CURVE to plain, within a round: %s\n", size.name, spread(ratio, "%.2f").c_str());
  }
  return 0;
}
