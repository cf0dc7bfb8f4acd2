#include "client/batch_command.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "client/batch_options.h"
#include "client/batch_summary.h"
#include "client/children.h"
#include "client/private_cluster.h"
#include "client/run_client.h"
#include "client/run_description.h"
#include "common/base/exit_code.h"
#include "common/base/text.h"
#include "common/batch/command_template.h"
#include "common/batch/item_reader.h"
#include "common/cli/error_lines.h"
#include "common/cli/standard_output.h"
#include "common/runtime/clock.h"
#include "common/runtime/files.h"

namespace sheaf::client {

namespace {

constexpr char kWho[] = "sheaf batch";
constexpr char kKind[] = "command";
// A private cluster's processes are watched: the limit is for a machine that is very busy.
constexpr Duration kPrivateWelcomeMax = std::chrono::seconds(60);

RunOutcome failed(std::vector<Error> errors, Instant started) {
  RunOutcome outcome;
  outcome.errors = std::move(errors);
  outcome.wall = now() - started;
  return outcome;
}

/// The batch as the stage gets it: an open file of which nobody else knows.
Result<Fd> file_of(const v1::BatchInput& batch) {
  Fd file(::memfd_create("sheaf-batch", MFD_CLOEXEC));
  if (!file.is_open()) return fail(ErrorCode::kFailed, "cannot make a file in memory: " + errno_text(errno));
  const std::string bytes = batch.SerializeAsString();
  if (Status status = write_at(file.get(), 0, std::as_bytes(std::span(bytes))); !status) return propagate(status);
  return file;
}

v1::RunDescription describe(const BatchOptions& options) {
  v1::RunDescription run = describe_run(*find_kind(kKind));
  run.set_priority(options.priority);
  if (options.master) run.set_jobs_at_once(options.jobs_at_once);
  run.set_attempts_max(1);
  run.set_any_order(options.as_done);
  run.set_binds_faults(true);  // One item that cannot be done is one that failed.
  run.set_no_rerun(options.no_rerun);
  run.set_stage_at_client(true);  // Its input and its output are this process's own.
  run.set_label(options.batch.setup().words_size() == 0 ? "commands"
                                                        : valid_utf8(options.batch.setup().words(0)).substr(0, 80));
  return run;
}

PrivateClusterRequest cluster_of(const BatchOptions& options) {
  PrivateClusterRequest cluster;
  cluster.kind = kKind;
  cluster.threads = options.slots;
  cluster.allow_commands = true;  // The caller's own, on his own machine.
  return cluster;
}

RunOutcome run_batch(const BatchOptions& options, Instant started) {
  auto signals = SignalFd::open(SignalFd::Children::kReport);
  if (!signals) return failed({signals.error()}, started);
  auto batch = file_of(options.batch);
  if (!batch) return failed({batch.error()}, started);

  // In this order: the children are gone before the directories that they write into.
  std::optional<PrivateCluster> cluster;
  Children children(*signals);
  ProgressDisplay display(kWho, options.quiet || !options.shows_progress, started);

  RunRequest request;
  request.description = describe(options);
  request.started = started;
  request.unit = "items";
  request.limits.may_begin_again = false;
  if (options.master) {
    request.endpoint = *options.master;
    request.wait_for_master = options.wait_for_master;
    request.idle_notice = options.quiet ? ""
                                        : "no worker of " + options.master->address +
                                              " runs commands; start one: sheaf-worker --allow-commands" +
                                              (options.master->keys ? " --join worker.toml" : "");
  } else {
    auto made = PrivateCluster::start(cluster_of(options), children);
    if (!made) return failed({made.error()}, started);
    cluster.emplace(std::move(*made));
    request.endpoint = cluster->endpoint();
    request.is_private_cluster = true;
    request.limits.welcome_max = kPrivateWelcomeMax;
  }
  request.stage_input = batch->get();
  return run_to_end(request, children, *signals, display);
}

/// Writes the commands that would be run.
std::vector<Error> show_commands(const BatchOptions& options) {
  auto stop = batch::StopSignal::make();
  if (!stop) return {stop.error()};
  auto items = batch::ItemReader::open(options.batch.items(), *stop);
  if (!items) return {items.error()};
  v1::CommandSetup setup = options.batch.setup();
  for (const std::string& name : items->names()) setup.add_names(name);
  const batch::CommandTemplate command(setup);
  while (true) {
    auto item = items->next();
    if (!item) return {item.error()};
    if (!*item) return {};
    const std::optional<std::string> tag = command.tag(**item, 1);
    const int written = cli::write_standard_output((tag ? *tag + "\t" : "") + command.line(**item, 1) + "\n");
    if (written == kExitOutputClosed) return {Error{ErrorCode::kOutputClosed, "its reader has gone", "standard output", {}}};
    if (written != kExitDone) return {Error{ErrorCode::kOutput, "cannot be written", "standard output", {}}};
  }
}

/// Says how it ended and returns the exit code.
int report(const BatchOptions& options, const RunOutcome& outcome) {
  if (!outcome.is_done()) {
    const bool is_silent = outcome.errors.front().code == ErrorCode::kOutputClosed;
    if (!is_silent) cli::write_standard_error(cli::error_lines(kWho, outcome.errors));
  } else if (!options.quiet) {
    cli::write_standard_error(batch_summary(outcome));
  }
  return batch_exit_code(outcome);
}

}  // namespace

int run_batch_command(const std::vector<std::string>& arguments) {
  const Instant started = now();
  std::vector<Error> errors;
  const BatchOptions options = read_batch_options(arguments, surroundings_of_this_process(), errors);
  if (options.help) return cli::write_standard_output(batch_help());
  if (!errors.empty()) return report(options, failed(std::move(errors), started));
  for (const std::string& hint : options.hints) {
    cli::write_standard_error(std::string(kWho) + ": " + escape_control(hint) + "\n");
  }
  if (!options.dry_run) return report(options, run_batch(options, started));
  errors = show_commands(options);
  return errors.empty() ? kExitDone : report(options, failed(std::move(errors), started));
}

}  // namespace sheaf::client
