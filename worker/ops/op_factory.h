#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/ops/geometry.h"
#include "worker/ops/frame_op.h"

namespace sheaf::worker {

/// The implementation of `call` for frames of `in`. Errors: kUsage for what ops::check_call() and ops::output_geometry() refuse
/// (the call came over the wire and is checked again), and for an op that this worker does not have.
Result<std::unique_ptr<FrameOp>> make_op(const v1::OpCall& call, const ops::Geometry& in);

/// The names that make_op() has, sorted: those of the catalogue.
std::vector<std::string> implemented_ops();

/// One thread, no OpenCL, nothing on stderr: errors come back as values. Once per process, before any op is made.
void set_up_opencv();

/// "4.6.0", for the fingerprint.
std::string opencv_version();

}  // namespace sheaf::worker
