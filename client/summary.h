#pragma once

/// What a command says when it is over: lines for people, one JSON object for programs. Pure.

#include <string>
#include <vector>

#include "client/run_outcome.h"
#include "client/video_options.h"

namespace sheaf::client {

/// The lines after a run that is done: what was made, how fast, what was left out, what had to be done twice.
std::string video_summary(const VideoOptions& options, const RunOutcome& outcome);

/// The object of `sheaf video --json`, with a newline: schema 1. What is not known (frames of a run that never began) is null.
///
/// seconds: `wall` of the command; `cpu`, `decode`, `convert`, `ops` and `encode` added up over all slots; `wait` is what is
/// left of the slots' time: they had nothing to do, or loaded, or sent.
std::string video_json(const VideoOptions& options, const RunOutcome& outcome, int exit_code);

/// The object of a command that makes nothing and has failed.
std::string failure_json(const std::string& command, const std::vector<Error>& errors, int exit_code);

}  // namespace sheaf::client
