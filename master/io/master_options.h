#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/cli/settings.h"
#include "master/io/server.h"

namespace sheaf::master {

/// What sheaf-master was asked to do.
struct MasterOptions {
  ServerOptions server;
  std::string log_form;  ///< "text" or "json"; empty: as the environment says.
  bool help = false;
  bool version = false;
};

/// Reads the command line of sheaf-master. Appends every fault to `errors`: kUsage, and as
/// wire::default_endpoint().
MasterOptions read_master_options(std::vector<std::string> arguments, const cli::Environment& environment,
                                  std::vector<Error>& errors);

/// `sheaf-master --help`.
std::string master_help();

}  // namespace sheaf::master
