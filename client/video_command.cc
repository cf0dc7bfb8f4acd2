#include "client/video_command.h"

#include <filesystem>
#include <optional>

#include "client/children.h"
#include "client/private_cluster.h"
#include "client/run_client.h"
#include "client/run_description.h"
#include "client/summary.h"
#include "client/video_files.h"
#include "client/video_options.h"
#include "common/base/exit_code.h"
#include "common/cli/error_lines.h"
#include "common/cli/standard_output.h"
#include "common/runtime/clock.h"
#include "common/wire/limits.h"

namespace sheaf::client {

namespace {

constexpr char kWho[] = "sheaf video";
constexpr char kVideo[] = "video";
// A private cluster's processes are watched: the limit is for a machine that is very busy.
constexpr Duration kPrivateWelcomeMax = std::chrono::seconds(60);

v1::RunDescription describe(const VideoOptions& options) {
  v1::RunDescription run = describe_run(*find_kind(kVideo));
  run.set_request(options.request.SerializeAsString());
  run.set_priority(options.priority);
  run.set_attempts_max(options.attempts_max);
  run.set_stage_at_client(options.stage_at_client);
  const auto name = [](const std::string& path) { return std::filesystem::path(path).filename().string(); };
  // Each name has at most 255 bytes on the file systems there are, and the checks have passed both as UTF-8.
  run.set_label(name(options.request.input()) + " -> " + name(options.request.output()));
  return run;
}

/// Says how it ended, in both forms, and returns the exit code.
int report(const VideoOptions& options, const RunOutcome& outcome) {
  const int code = outcome.is_done() ? kExitDone : exit_code(outcome.errors, outcome.signal);
  if (!outcome.is_done()) {
    cli::write_standard_error(cli::error_lines(kWho, outcome.errors));
  } else if (!options.quiet) {
    cli::write_standard_error(video_summary(options, outcome));
  }
  if (!options.json) return code;
  const int written = cli::write_standard_output(video_json(options, outcome, code));
  return written != kExitDone && code == kExitDone ? written : code;
}

RunOutcome failed(std::vector<Error> errors, Instant started) {
  RunOutcome outcome;
  outcome.errors = std::move(errors);
  outcome.wall = now() - started;
  return outcome;
}

/// A worker knows of the input only the packets that it was given, and where they are in time: "3.8 s".
void name_input(const std::string& input, std::vector<Error>& errors) {
  for (Error& error : errors) {
    if (error.code != ErrorCode::kInput || error.where.find(input) != std::string::npos) continue;
    error.where = error.where.empty() ? input : input + ": " + error.where;
  }
}

RunOutcome run_video(const VideoOptions& options, Instant started) {
  auto signals = SignalFd::open(SignalFd::Children::kReport);
  if (!signals) return failed({signals.error()}, started);

  // In this order: the children are gone before the directories that they write into.
  std::optional<PrivateCluster> cluster;
  Children children(*signals);
  ProgressDisplay display(kWho, options.quiet, started);

  RunRequest request;
  request.description = describe(options);
  request.started = started;
  if (options.master) {
    request.endpoint = *options.master;
    request.wait_for_master = options.wait_for_master;
  } else {
    auto made =
        PrivateCluster::start({kVideo, {}, options.executors, options.threads, options.request.output() + ".sheaf"}, children);
    if (!made) return failed({made.error()}, started);
    cluster.emplace(std::move(*made));
    request.endpoint = cluster->endpoint();
    request.is_private_cluster = true;
    request.limits.welcome_max = kPrivateWelcomeMax;
  }
  RunOutcome outcome = run_to_end(request, children, *signals, display);
  name_input(options.request.input(), outcome.errors);
  return outcome;
}

}  // namespace

int run_video_command(const std::vector<std::string>& arguments) {
  const Instant started = now();
  std::vector<Error> errors;
  const VideoOptions options = read_video_options(arguments, surroundings_of_this_process(), errors);
  if (options.help) return cli::write_standard_output(video_help());
  if (options.is_stage_here() && options.are_paths_certain) {
    for (Error& error : check_video_files(options)) errors.push_back(std::move(error));
  }
  if (!errors.empty()) return report(options, failed(std::move(errors), started));
  return report(options, run_video(options, started));
}

}  // namespace sheaf::client
