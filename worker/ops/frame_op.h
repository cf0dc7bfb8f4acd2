#pragma once

#include <span>
#include <string>

#include "common/base/result.h"
#include "common/media/av.h"

namespace sheaf::worker {

/// What an op is given for one frame.
struct OpInput {
  /// The frame to work on. Planes as libavutil lays them out: rows of 8-bit samples, `linesize` bytes apart, in the pixel
  /// format and of the size that the op was made for; pts in the stream's time base. The op may change it in place once it is
  /// writable.
  media::FramePtr frame;
  /// Neighbours in order of time, for ops whose catalogue entry needs them (stencil): as many as it names, the edge repeated at
  /// the ends of the video. They come out of the op before this one in the chain, and must not be changed. Empty for stateless
  /// ops.
  std::span<const AVFrame* const> before = {};
  std::span<const AVFrame* const> after = {};
};

/// What an op gives back.
struct OpOutput {
  media::FramePtr frame;  ///< With the pts and the color tags of the input. Null if the op gives records only.
  std::string record;     ///< One JSON value. Empty if the op gives frames only.
};

/// One operation on the frames of one job, with its arguments. make_op() makes it anew for every job, in the job's thread, so
/// that nothing is carried from one job to the next; what is needed once a process (a model) is loaded by the op's own file
/// behind a std::once and only read from there.
///
/// A job's frames come in order of time, each once, without gaps. A stateless op must not depend on that; an op that must
/// (warm-up, serial) keeps its state in members, and its catalogue entry says so: the planner then sends what comes before.
///
/// Not thread-safe: one thread makes every call. The result depends on the input and the arguments alone, never on the
/// processor, the time or the number of threads, unless the catalogue entry says so.
class FrameOp {
 public:
  virtual ~FrameOp() = default;
  FrameOp() = default;
  FrameOp(const FrameOp&) = delete;
  FrameOp& operator=(const FrameOp&) = delete;

  /// Works on one frame. Never throws: what OpenCV throws comes back as kFailed with its message. The output has the size and
  /// pixel format that ops::output_geometry() promises.
  Result<OpOutput> apply(OpInput input);

 protected:
  /// The op itself. May throw cv::Exception and std::bad_alloc.
  virtual Result<OpOutput> do_apply(OpInput input) = 0;
};

}  // namespace sheaf::worker
