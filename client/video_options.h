#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/surroundings.h"
#include "common/base/result.h"
#include "common/wire/endpoint.h"
#include "sheaf/v1/video.pb.h"

namespace sheaf::client {

/// What `sheaf video` was asked for, checked as far as that goes without looking at any file.
struct VideoOptions {
  v1::VideoRequest request;  ///< Paths absolute.
  std::string input;         ///< As the user wrote it, for messages.
  std::string output;
  /// Both are given and can be looked at: no mistyped option may have left its value in their place, and no mistyped master may
  /// mean files of its own.
  bool are_paths_certain = false;

  std::optional<wire::Endpoint> master;  ///< Empty: a private cluster.
  Duration wait_for_master{};            ///< How long it may take to start.
  bool insecure = false;
  bool stage_at_client = false;
  unsigned executors = 1;  ///< Of the private cluster.
  unsigned threads = 1;    ///< Slots of each.
  int priority = 0;
  unsigned attempts_max = 3;

  bool quiet = false;
  bool json = false;
  bool help = false;

  /// The stage runs on this machine, so that files can be checked here and now.
  bool is_stage_here() const { return !master || stage_at_client; }
};

/// Reads what follows `sheaf video`. Appends every fault to `errors`, all kUsage; what is not faulty is filled in even then
/// (`json` says how the faults want to be reported).
VideoOptions read_video_options(std::vector<std::string> arguments, const Surroundings& surroundings,
                                std::vector<Error>& errors);

/// `sheaf video --help`.
std::string video_help();

}  // namespace sheaf::client
