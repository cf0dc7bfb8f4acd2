#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/cli/settings.h"
#include "common/wire/endpoint.h"

namespace sheaf::worker {

/// What sheaf-worker was asked to do.
struct WorkerOptions {
  wire::Endpoint endpoint;
  std::uint32_t executors = 1;
  std::uint32_t threads = 1;  ///< Slots of each.
  Duration drain_max{};
  /// Names of the kinds whose jobs it is to do, all of them known; empty: all whose program is here.
  std::vector<std::string> kinds;
  std::string executor_program;  ///< Instead of those of the kinds.
  bool has_lifeline = false;
  bool is_quiet = false;
  std::string log_form;         ///< "text" or "json"; empty: as the environment says.
  bool allow_commands = false;  ///< It may do jobs that run whatever command they bring.
  bool is_insecure = false;     ///< TCP without keys, and the user has said that it may be so.
  bool help = false;
  bool version = false;
};

/// Reads the command line of sheaf-worker. `cores`: how many this process may use. Appends every fault to `errors`:
/// kUsage, and as wire::default_endpoint().
WorkerOptions read_worker_options(std::vector<std::string> arguments, const cli::Environment& environment, std::uint32_t cores,
                                  std::vector<Error>& errors);

/// `sheaf-worker --help`.
std::string worker_help();

}  // namespace sheaf::worker
