#include "worker/executor/executor_main.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>

#include "common/base/exit_code.h"
#include "common/base/version.h"
#include "common/runtime/files.h"
#include "common/runtime/lifeline.h"
#include "common/runtime/log.h"
#include "common/wire/limits.h"
#include "worker/spawner/spawner.h"

namespace sheaf::worker {

int executor_main(const std::string& program, int argc, const char* const* argv, const std::function<JobKinds()>& load) {
  HostConfig config;
  config.scratch = scratch_directory();
  CLI::App app("Does jobs for sheaf-worker, which starts it; it is of no use by hand.", program);
  app.add_option("--threads", config.threads, "jobs at a time")->check(CLI::Range(1U, wire::kSlotsMax));
  app.add_option("--directories", config.directories, "where a job may have one of its own");
  app.set_version_flag("--version", program + " " + kVersion);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  set_up_log(program, LogLevel::kWarn);

  auto lifeline = take_lifeline();
  if (!lifeline) {
    log_error("cannot_start", {{"reason", lifeline.error().message()}});
    return 2;
  }
  leave_with_parent(std::move(*lifeline));
  std::signal(SIGPIPE, SIG_IGN);
  allow_all_descriptors();  // A slot may have several files open.

  try {
    ExecutorHost* host =
        new ExecutorHost(Fd(kSpawnedSocketFd), load(), config);  // Never deleted: its slots may be busy when it ends.
    if (Status status = host->run(); !status) {
      log_error("cannot_go_on", {{"reason", status.error().message()}});
      return 1;
    }
  } catch (const std::exception& exception) {
    log_error("cannot_go_on", {{"reason", exception.what()}});
    return 1;
  }
  return 0;
}

}  // namespace sheaf::worker
