#pragma once

#include <string>
#include <vector>

#include "client/surroundings.h"
#include "common/base/result.h"
#include "sheaf/v1/command.pb.h"

namespace sheaf::client {

/// What `sheaf batch` was asked for, checked as far as that goes without looking at any file.
struct BatchOptions {
  v1::BatchInput batch;
  unsigned slots = 1;              ///< Of the private cluster.
  std::vector<std::string> hints;  ///< For people: what may be meant otherwise.

  bool as_done = false;
  bool dry_run = false;
  bool shows_progress = false;
  bool quiet = false;
  bool help = false;
};

/// Reads what follows `sheaf batch`. Appends every fault to `errors`, all kUsage; what is not faulty is filled in even then.
BatchOptions read_batch_options(std::vector<std::string> arguments, const Surroundings& surroundings,
                                std::vector<Error>& errors);

/// `sheaf batch --help`.
std::string batch_help();

}  // namespace sheaf::client
