#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/wire/endpoint.h"

namespace sheaf::worker {

/// What sheaf-worker was asked to do.
struct WorkerOptions {
  wire::Endpoint endpoint;
  std::uint32_t executors = 1;
  std::uint32_t threads = 1;
  Duration drain_max{};
  std::string executor_program;  ///< Empty: the one beside this program.
  bool has_lifeline = false;
  bool is_quiet = false;
  bool is_insecure = false;  ///< TCP without keys, and the user has said that it may be so.
};

/// A command line that was read.
struct CommandLine {
  std::optional<WorkerOptions> options;
  std::string text;           ///< For stdout, instead of work: help or version.
  std::vector<Error> faults;  ///< All that is wrong with it, at once; `where` names the option.
};

CommandLine read_command_line(int argc, const char* const* argv);

}  // namespace sheaf::worker
