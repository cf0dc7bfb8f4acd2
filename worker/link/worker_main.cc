#include "worker/link/worker_main.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/exit_code.h"
#include "common/base/version.h"
#include "common/cli/error_lines.h"
#include "common/cli/standard_output.h"
#include "common/kinds/kinds.h"
#include "common/runtime/child.h"
#include "common/runtime/cores.h"
#include "common/runtime/files.h"
#include "common/runtime/lifeline.h"
#include "common/runtime/log.h"
#include "common/runtime/private_state.h"
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

/// An executor program, and whether it may start commands.
struct FoundProgram {
  std::string path;
  bool runs_commands = false;
  bool operator==(const FoundProgram&) const = default;
};

/// The executor programs, beside this one, in the build and where it is installed: of the kinds that were asked for, or of all
/// that are here. Errors: kFailed when there is none, or one is missing that was asked for.
Result<std::vector<FoundProgram>> find_executors(const WorkerOptions& options) {
  if (!options.executor_program.empty()) return std::vector{FoundProgram{options.executor_program, options.allow_commands}};
  std::vector<FoundProgram> found;
  std::vector<FoundProgram> missing;
  for (const Kind& kind : all_kinds()) {
    if (kind.runs_commands && !options.allow_commands) continue;
    const bool is_asked_for = std::find(options.kinds.begin(), options.kinds.end(), kind.name) != options.kinds.end();
    if (!options.kinds.empty() && !is_asked_for) continue;
    const FoundProgram program{program_directory() + "/" + std::string(kind.executor_program), kind.runs_commands};
    std::vector<FoundProgram>& programs = ::access(program.path.c_str(), X_OK) == 0 ? found : missing;
    if (std::find(programs.begin(), programs.end(), program) == programs.end()) programs.push_back(program);
  }
  const bool is_enough = options.kinds.empty() ? !found.empty() : missing.empty();
  if (is_enough && !found.empty()) return found;
  return fail(ErrorCode::kFailed, "the executor program is missing", missing.empty() ? "" : missing.front().path,
              "install sheaf again, or build all of it");
}

/// `directories`: where commands may have a directory each.
Result<Departure> work(const WorkerOptions& options, const std::string& directories, Spawner spawner, Fd lifeline) {
  auto programs = find_executors(options);
  if (!programs) return propagate(programs);
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
  for (const FoundProgram& program : *programs) {
    ExecutorProgram executor{program.path, {"--threads", std::to_string(options.threads)}, program.runs_commands};
    if (program.runs_commands) executor.arguments.insert(executor.arguments.end(), {"--directories", directories});
    config.executors.push_back(std::move(executor));
  }
  config.is_insecure = options.is_insecure;
  SessionConfig& session = config.session;
  session.programs = programs->size();
  session.kinds = options.kinds;
  session.executors = options.executors;
  session.threads = options.threads;
  session.prefetch = prefetch_of(options.executors * options.threads);
  session.bytes_max = kBytesPerJobMax * (options.executors * options.threads + session.prefetch);
  session.drain_max = options.drain_max;
  session.scratch = scratch_directory();
  log_info("worker_started",
           {{"master", options.endpoint.address}, {"executors", options.executors}, {"threads", options.threads}});
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
  if (!options.log_form.empty()) ::setenv(kLogFormVariable, options.log_form.c_str(), 1);  // Also for what it starts.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // Should the spawner be killed, what it has started is ended from here.
  std::optional<PrivateState> directories;
  if (options.allow_commands) {
    auto made = PrivateState::make(scratch_directory());
    if (!made) return give_up({made.error()});
    directories.emplace(std::move(*made));
  }
  // A fork, so before anything has a thread.
  auto spawner = start_spawner();
  if (!spawner) return give_up({spawner.error()});
  const pid_t spawner_pid = spawner->pid;
  set_up_log("sheaf-worker", options.is_quiet ? LogLevel::kWarn : LogLevel::kInfo);

  Result<Departure> departure = work(options, directories ? directories->path() : "", std::move(*spawner), std::move(lifeline));
  wait_for_child(spawner_pid);  // Its socket is closed: it ends what it started, and no process is left behind.
  kill_and_reap_all_children();
  if (!departure) return give_up({departure.error()});
  if (departure->reason.code == ErrorCode::kStopped) {
    log_info("left", {{"reason", departure->reason.what}});
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
