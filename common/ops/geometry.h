#pragma once

/// What a chain of ops makes of the size and the format of frames: for the stage, before any work starts.

#include <google/protobuf/repeated_ptr_field.h>

#include <string>

#include "common/base/result.h"
#include "sheaf/v1/video.pb.h"

namespace sheaf::ops {

struct Geometry {
  int width = 0;  ///< Pixels.
  int height = 0;
  std::string pixel_format;  ///< libavutil's name.
  bool operator==(const Geometry&) const = default;
};

/// What comes out of `call`, which check_call() has passed, for frames of `in`. Errors: kUsage when the op does not take that
/// pixel format, or the size would be out of range.
Result<Geometry> output_geometry(const v1::OpCall& call, const Geometry& in);

/// The same for a whole chain; `in` itself if it is empty.
Result<Geometry> output_geometry(const google::protobuf::RepeatedPtrField<v1::OpCall>& calls, const Geometry& in);

/// The sample aspect ratio that keeps the picture's shape when frames of `in` become frames of `out`; reduced. 0/1 (unknown)
/// stays.
v1::Rational output_aspect(const v1::Rational& aspect, const Geometry& in, const Geometry& out);

}  // namespace sheaf::ops
