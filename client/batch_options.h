#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/surroundings.h"
#include "common/base/result.h"
#include "common/base/time.h"
#include "common/wire/endpoint.h"
#include "sheaf/v1/command.pb.h"

namespace sheaf::client {

/// What `sheaf batch` was asked for, checked as far as that goes without looking at any file.
struct BatchOptions {
  v1::BatchInput batch;
  std::optional<wire::Endpoint> master;  ///< Empty: a private cluster.
  Duration wait_for_master{};
  unsigned slots = 1;         ///< Of the private cluster.
  unsigned jobs_at_once = 0;  ///< With a master: at most so many; 0: as many as its workers take.
  int priority = 0;
  std::vector<std::string> hints;  ///< For people: what may be meant otherwise.

  bool as_done = false;
  bool dry_run = false;
  bool no_rerun = false;
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
