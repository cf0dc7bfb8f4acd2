// dispatch_bench: what everything around a job costs. Jobs of 16 bytes that do nothing, through a real master, stage, link and
// executors; one job at a time on a cluster that has nothing else to do; and the memory that a master needs for a job that
// waits. bench/README.md says what the figures are.

#include <malloc.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "bench/dispatch/count_copies.h"
#include "bench/dispatch/noop_kind.h"
#include "client/private_cluster.h"
#include "client/run_client.h"
#include "client/run_description.h"
#include "common/net/channel.h"
#include "common/runtime/clock.h"
#include "common/runtime/files.h"
#include "common/runtime/log.h"
#include "common/runtime/private_directory.h"
#include "master/io/hub.h"

namespace {

using namespace sheaf;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kJobBytes = 16;

struct Options {
  unsigned long long jobs = 100'000;
  unsigned long long round_trips = 5'000;
  unsigned workers = 2;
  bool json = false;
};

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "dispatch_bench: %s\n", what.c_str());
  std::_Exit(1);
}

// ----------------------------------------------------------------------------------------------------------- through a cluster

struct Measured {
  double seconds = 0;
  std::size_t round_trips = 0;
  double p50 = 0;
  double p99 = 0;
};

std::string request(unsigned long long jobs, std::uint64_t job_bytes, const std::string& how) {
  return std::to_string(jobs) + " " + std::to_string(job_bytes) + " " + how;
}

/// A run of its own on a cluster of its own, from which nothing is left.
Measured run_jobs(const std::string& request_text, unsigned workers) {
  auto signals = SignalFd::open(SignalFd::Children::kReport);
  if (!signals) give_up(signals.error().message());
  std::optional<client::PrivateCluster> cluster;
  client::Children children(*signals);
  client::ProgressDisplay display("dispatch_bench", true, now());
  client::PrivateClusterRequest wanted;
  wanted.executor = program_directory() + "/" + std::string(bench::kNoop.executor_program);
  wanted.executors = workers;
  wanted.state_path = "/var/tmp/dispatch_bench-" + std::to_string(::getpid());
  auto made = client::PrivateCluster::start(wanted, children);
  if (!made) give_up(made.error().message());
  cluster.emplace(std::move(*made));
  client::RunRequest request;
  request.description = client::describe_run(bench::kNoop);
  request.description.set_request(request_text);
  request.description.set_attempts_max(1);
  request.endpoint = cluster->endpoint();
  request.is_private_cluster = true;
  request.started = now();
  const client::RunOutcome outcome = client::run_to_end(request, children, *signals, display);
  if (!outcome.is_done()) give_up(outcome.errors.front().message());
  Measured measured;
  if (std::sscanf(outcome.update.report().c_str(), "%lf %zu %lf %lf", &measured.seconds, &measured.round_trips, &measured.p50,
                  &measured.p99) != 4) {
    give_up("the stage's report cannot be read: " + outcome.update.report());
  }
  return measured;
}

// -------------------------------------------------------------------------------------------------------------------- copies

/// How often a byte of a job is copied in user space from the stage's source to the executor: all large copies in the cluster's
/// processes, over the bytes of all jobs.
double copies_of_a_byte(std::uint64_t job_bytes) {
  constexpr std::uint64_t kJobs = 500;
  auto directory = PrivateDirectory::make();
  if (!directory) give_up(directory.error().message());
  ::setenv("LD_PRELOAD", (program_directory() + "/libcount_copies.so").c_str(), 1);
  ::setenv(bench::kCountDirectory, directory->path().c_str(), 1);
  ::setenv(bench::kCountedBytesMin, std::to_string(job_bytes / 2).c_str(), 1);
  run_jobs(request(kJobs, job_bytes, "many"), 1);
  for (const char* name : {"LD_PRELOAD", bench::kCountDirectory, bench::kCountedBytesMin}) ::unsetenv(name);
  std::uint64_t copied = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory->path())) {
    std::uint64_t bytes = 0;
    std::ifstream(file.path(), std::ios::binary).read(reinterpret_cast<char*>(&bytes), sizeof bytes);
    copied += bytes;
    std::error_code ignored;
    std::filesystem::remove(file.path(), ignored);
  }
  return static_cast<double>(copied) / static_cast<double>(kJobs * job_bytes);
}

// ----------------------------------------------------------------------------------------------------------------- bare ZeroMQ

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Answers what comes with the same, until it is ended.
[[noreturn]] void echo(const std::string& address) {
  zmq::context_t context;
  zmq::socket_t router(context, zmq::socket_type::router);
  router.bind(address);
  while (true) {
    zmq::message_t from;
    zmq::message_t body;
    (void)router.recv(from);
    (void)router.recv(body);
    router.send(from, zmq::send_flags::sndmore);
    router.send(body, zmq::send_flags::none);
  }
}

/// Microseconds from a DEALER to a ROUTER of another process and back.
double bare_round_trip(unsigned long long times) {
  auto directory = PrivateDirectory::make();
  if (!directory) give_up(directory.error().message());
  const std::string address = "ipc://" + directory->path() + "/echo.sock";
  const pid_t child = ::fork();
  if (child == 0) echo(address);
  std::vector<double> took;
  {
    zmq::context_t context;
    zmq::socket_t dealer(context, zmq::socket_type::dealer);
    dealer.connect(address);
    for (unsigned long long i = 0; i < times + 100; ++i) {
      const auto begin = Clock::now();
      dealer.send(zmq::buffer("0123456789abcdef", kJobBytes), zmq::send_flags::none);
      zmq::message_t answer;
      (void)dealer.recv(answer);
      if (i >= 100) took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    }
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return median(std::move(took));
}

// ---------------------------------------------------------------------------------------------------------------------- memory

class SilentSender final : public master::PeerSender {
 public:
  void send(const wire::PeerAddress& to, wire::Message message) override {
    if (message.envelope.has_submitted()) submitted = message.envelope.submitted();
    last_to = to;
  }
  void forget(const wire::PeerAddress& /*to*/) override {}
  v1::Submitted submitted;
  wire::PeerAddress last_to;
};

class NoStages final : public master::StageLauncher {
 public:
  Status start(RunId /*run*/, const std::string& /*program*/, const std::string& token,
               std::uint32_t /*incarnation*/) override {
    tokens.push_back(token);
    return {};
  }
  void stop(RunId /*run*/) override {}
  std::vector<std::string> tokens;
};

v1::Hello hello(v1::Role role, std::uint64_t session) {
  v1::Hello out;
  out.set_protocol(wire::kProtocolVersion);
  out.set_role(role);
  out.mutable_session()->set_low(session);
  return out;
}

/// Bytes of the heap, beyond the payload's, that a hub keeps for a job that waits for a worker: over many runs with full
/// windows.
double master_bytes_per_pending_job() {
  constexpr std::uint64_t kRuns = 50;
  auto directory = PrivateDirectory::make();
  if (!directory) give_up(directory.error().message());
  SilentSender sender;
  NoStages stages;
  master::DirectoryDisk disk(directory->path());
  master::Spool spool(disk);
  std::uint64_t random = 0;
  const master::HubConfig config;
  master::Hub hub(config, sender, stages, spool, [&random] { return ++random; });
  const Instant when = now();
  const auto say = [&](const wire::PeerAddress& from, v1::Envelope envelope, std::vector<Bytes> payloads = {}) {
    if (!envelope.has_hello()) envelope.set_epoch(config.scheduler.epoch);
    hub.on_message(when, from, wire::Message{std::move(envelope), std::move(payloads)});
  };
  v1::Envelope greeting;
  *greeting.mutable_hello() = hello(v1::ROLE_CLIENT, 1);
  say("client", greeting);
  for (std::uint64_t run = 1; run <= kRuns; ++run) {
    v1::Envelope submit;
    submit.mutable_submit()->set_tag(run);
    *submit.mutable_submit()->mutable_run() = client::describe_run(bench::kNoop);
    submit.mutable_submit()->mutable_run()->set_attempts_max(1);
    say("client", submit);
    v1::Envelope stage;
    *stage.mutable_hello() = hello(v1::ROLE_STAGE, 1 + run);
    stage.mutable_hello()->mutable_stage()->set_run(run);
    stage.mutable_hello()->mutable_stage()->set_token(stages.tokens.back());
    stage.mutable_hello()->mutable_stage()->set_incarnation(1);
    say("stage " + std::to_string(run), stage);
  }
  const std::uint64_t jobs = config.scheduler.jobs_window;
  const std::string payload(kJobBytes, 'x');
  const Digest digest = digest_of(std::as_bytes(std::span(payload)));
  const std::size_t before = ::mallinfo2().uordblks;
  for (std::uint64_t run = 1; run <= kRuns; ++run) {
    for (std::uint64_t seq = 0; seq < jobs; ++seq) {
      v1::Envelope feed;
      feed.mutable_feed()->set_run(run);
      v1::JobHeader& job = *feed.mutable_feed()->add_jobs();
      *job.mutable_job() = wire::to_wire(JobId{RunId{run}, JobKey{seq, 0}});
      job.set_units(1);
      *job.mutable_payload() = wire::payload_ref(payload.size(), digest, true);
      say("stage " + std::to_string(run), std::move(feed), {payload});
    }
  }
  if (hub.scheduler().run(RunId{kRuns})->jobs_waiting != jobs) give_up("not all jobs wait");
  const std::size_t after = ::mallinfo2().uordblks;
  return static_cast<double>(after - before) / static_cast<double>(kRuns * jobs) - kJobBytes;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Measures what everything around a job costs.", "dispatch_bench");
  app.add_option("--jobs", options.jobs, "jobs at once; 0: not measured");
  app.add_option("--round-trips", options.round_trips, "jobs one at a time; 0: not measured");
  app.add_option("--workers", options.workers, "executors")->check(CLI::Range(1U, 4096U));
  app.add_flag("--json", options.json, "one object on stdout");
  CLI11_PARSE(app, argc, argv);
  set_up_log("dispatch_bench", LogLevel::kError);

  nlohmann::ordered_json result;
  result["jobs"] = options.jobs;
  result["workers"] = options.workers;
  // Before anything has threads: it forks.
  if (options.round_trips > 0) result["bare_round_trip_us"] = bare_round_trip(options.round_trips);
  if (options.jobs > 1) {
    const Measured many = run_jobs(request(options.jobs, kJobBytes, "many"), options.workers);
    result["jobs_per_s"] = static_cast<double>(options.jobs - 1) / many.seconds;
  }
  if (options.round_trips > 0) {
    const Measured alone = run_jobs(request(options.round_trips, kJobBytes, "alone"), 1);
    result["round_trip_us"] = {{"median", alone.p50}, {"p99", alone.p99}};
  }
  // In the master's memory; in its spool; in parts.
  for (const std::uint64_t bytes : {12U << 10, 512U << 10, 2U << 20}) {
    result["copies_of_a_byte"][std::to_string(bytes)] = copies_of_a_byte(bytes);
  }
  result["master_bytes_per_pending_job"] = master_bytes_per_pending_job();
  std::printf("%s\n", result.dump(options.json ? -1 : 2).c_str());
  std::fflush(stdout);
  std::_Exit(0);  // As the command does: ZeroMQ's sockets are not taken down.
}
