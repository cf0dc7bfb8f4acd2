#include "worker/link/worker_main.h"

#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/exit_code.h"
#include "common/base/version.h"
#include "common/cli/error_lines.h"
#include "common/cli/standard_output.h"
#include "common/runtime/child.h"
#include "common/runtime/cores.h"
#include "common/runtime/files.h"
#include "common/runtime/lifeline.h"
#include "common/runtime/log.h"
#include "worker/link/link.h"
#include "worker/link/worker_options.h"

namespace sheaf::worker {

namespace {

// Small, so that what one worker holds ahead is not what another waits for; enough that a slot need not wait for the next job.
std::uint32_t prefetch_of(std::uint32_t slots) {
  return (slots + 1) / 2;
}
constexpr std::uint64_t kBytesPerJobMax = 64 * 1024 * 1024;

/// Says what stops this program; returns its exit code.
int give_up(const std::vector<Error>& errors) {
  cli::write_standard_error(cli::error_lines("sheaf-worker", errors));
  return exit_code(errors);
}

/// The executor program beside this one, in the build and where it is installed.
Result<std::string> find_executor(const std::string& chosen) {
  if (!chosen.empty()) return chosen;
  constexpr char kName[] = "sheaf-executor-video";
  const std::string beside = program_directory() + "/" + kName;
  for (const std::string& path : {beside, program_directory() + "/../libexec/sheaf/" + kName}) {
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return fail(ErrorCode::kFailed, "the executor program is missing", beside, "install sheaf again, or build all of it");
}

Result<Departure> work(const WorkerOptions& options, Spawner spawner, Fd lifeline) {
  auto program = find_executor(options.executor_program);
  if (!program) return propagate(program);
  auto signals = SignalFd::open(SignalFd::Children::kIgnore);
  if (!signals) return propagate(signals);
  auto payloads = make_payload_reader();
  if (!payloads) return propagate(payloads);
  auto parts = make_part_writer();
  if (!parts) return propagate(parts);
  net::Context context;
  auto channel = net::DealerChannel::connect(context, options.endpoint);
  if (!channel) return propagate(channel);

  LinkConfig config;
  config.endpoint = options.endpoint;
  config.executor = {*program, {"--threads", std::to_string(options.threads)}};
  config.is_insecure = options.is_insecure;
  SessionConfig& session = config.session;
  session.executors = options.executors;
  session.threads = options.threads;
  session.prefetch = prefetch_of(options.executors * options.threads);
  session.bytes_max = kBytesPerJobMax * (options.executors * options.threads + session.prefetch);
  session.drain_max = options.drain_max;
  session.scratch = scratch_directory();
  log_info("worker_started master=" + options.endpoint.address + " executors=" + std::to_string(options.executors) +
           " threads=" + std::to_string(options.threads));
  return Link(config, std::move(spawner), std::move(*signals), std::move(lifeline), std::move(*channel), **payloads, **parts)
      .run();
}

}  // namespace

int worker_main(int argc, const char* const* argv) {
  std::vector<Error> errors;
  const WorkerOptions options =
      read_worker_options(std::vector<std::string>(argv + 1, argv + argc), cli::process_environment(), usable_cores(), errors);
  if (options.help) return cli::write_standard_output(worker_help());
  if (options.version) return cli::write_standard_output("sheaf-worker " + std::string(kVersion) + "\n");
  if (!errors.empty()) return give_up(errors);

  Fd lifeline;
  if (options.has_lifeline) {
    auto taken = take_lifeline();
    if (!taken) return give_up({taken.error()});
    lifeline = std::move(*taken);
  }
  // A fork, so before anything has a thread.
  auto spawner = start_spawner();
  if (!spawner) return give_up({spawner.error()});
  const pid_t spawner_pid = spawner->pid;
  set_up_log("sheaf-worker", options.is_quiet ? LogLevel::kWarn : LogLevel::kInfo);

  Result<Departure> departure = work(options, std::move(*spawner), std::move(lifeline));
  wait_for_child(spawner_pid);  // Its socket is closed: it kills what it started, and no process is left behind.
  if (!departure) return give_up({departure.error()});
  if (departure->reason.code == ErrorCode::kStopped) {
    log_info("left reason=" + departure->reason.what);
  } else {
    // What the master said is about the master.
    if (departure->reason.code == ErrorCode::kCluster && departure->reason.where.empty()) {
      departure->reason.where = options.endpoint.address;
    }
    give_up({departure->reason});
  }
  return departure->exit_code;
}

}  // namespace sheaf::worker
