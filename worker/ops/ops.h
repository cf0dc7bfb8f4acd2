#pragma once

/// The makers of all ops, one file each; op_factory.cc has the table. `call` has been checked; `layout` is that of the frames
/// that come, `out` the geometry of those that go.

#include <memory>

#include "common/ops/geometry.h"
#include "common/ops/pixel_layout.h"
#include "worker/ops/frame_op.h"

namespace sheaf::worker {

std::unique_ptr<FrameOp> make_blur(const v1::OpCall& call, const ops::PixelLayout& layout, const ops::Geometry& out);
std::unique_ptr<FrameOp> make_copy(const v1::OpCall& call, const ops::PixelLayout& layout, const ops::Geometry& out);
std::unique_ptr<FrameOp> make_edges(const v1::OpCall& call, const ops::PixelLayout& layout, const ops::Geometry& out);
std::unique_ptr<FrameOp> make_gray(const v1::OpCall& call, const ops::PixelLayout& layout, const ops::Geometry& out);
std::unique_ptr<FrameOp> make_invert(const v1::OpCall& call, const ops::PixelLayout& layout, const ops::Geometry& out);
std::unique_ptr<FrameOp> make_resize(const v1::OpCall& call, const ops::PixelLayout& layout, const ops::Geometry& out);

}  // namespace sheaf::worker
