// sheaf-master: schedules runs, keeps what is on its way, starts the stages.

#include <cstdlib>
#include <string>
#include <vector>

#include "common/base/exit_code.h"
#include "common/base/version.h"
#include "common/cli/error_lines.h"
#include "common/cli/standard_output.h"
#include "common/runtime/fd.h"
#include "common/runtime/log.h"
#include "master/io/master_options.h"

namespace {

using namespace sheaf;

int give_up(const std::vector<Error>& errors) {
  cli::write_standard_error(cli::error_lines("sheaf-master", errors));
  return exit_code(errors);
}

}  // namespace

int main(int argc, char** argv) {
  // First, so that no thread that a library starts can take a signal.
  auto signals = SignalFd::open(SignalFd::Children::kReport, SignalFd::Hangup::kAlways);
  if (!signals) return give_up({signals.error()});
  std::vector<Error> errors;
  const master::MasterOptions options =
      master::read_master_options(std::vector<std::string>(argv + 1, argv + argc), cli::process_environment(), errors);
  if (options.help) return cli::write_standard_output(master::master_help());
  if (options.version) return cli::write_standard_output("sheaf-master " + std::string(kVersion) + "\n");
  if (!errors.empty()) return give_up(errors);

  allow_all_descriptors();  // A connection has one each, that of a stranger too, until its handshake has failed.
  if (!options.log_form.empty()) ::setenv(kLogFormVariable, options.log_form.c_str(), 1);  // Also for its stages.
  set_up_log("sheaf-master", options.server.has_lifeline ? LogLevel::kError : LogLevel::kInfo);
  const auto code = master::serve(options.server, *signals);
  return code ? *code : give_up({code.error()});
}
