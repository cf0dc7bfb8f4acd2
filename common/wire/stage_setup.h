#pragma once

#include <string>

#include "common/base/result.h"
#include "sheaf/v1/executor.pb.h"

namespace sheaf::wire {

/// What the parent of a stage writes into the pipe that is also the stage's lifeline, before anything else and nothing
/// after it: a LocalMessage as executor.proto frames it, without a body. It is far below what a pipe takes without a reader.
std::string encode_stage_setup(const v1::StageSetup& setup);

/// encode_stage_setup() into an empty pipe. Errors: kFailed.
Status write_stage_setup(int fd, const v1::StageSetup& setup);

/// The other end: blocks until it has come. Errors: kFailed when the parent is gone or wrote something else.
Result<v1::StageSetup> read_stage_setup(int fd);

}  // namespace sheaf::wire
