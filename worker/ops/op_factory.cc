#include "worker/ops/op_factory.h"

#include <functional>
#include <map>
#include <opencv2/core.hpp>
#include <opencv2/core/ocl.hpp>
#include <opencv2/core/utils/logger.hpp>

#include "common/base/check.h"
#include "common/ops/check.h"
#include "common/ops/parse.h"
#include "worker/ops/ops.h"

namespace sheaf::worker {

namespace {

using Maker = std::function<std::unique_ptr<FrameOp>(const v1::OpCall&, const ops::PixelLayout&, const ops::Geometry&)>;

/// A maker gets a checked call, the layout of the frames that come, and the geometry of those that go.
const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> table = {{"blur", make_blur}, {"copy", make_copy},     {"edges", make_edges},
                                                     {"gray", make_gray}, {"invert", make_invert}, {"resize", make_resize}};
  return table;
}

}  // namespace

Result<std::unique_ptr<FrameOp>> make_op(const v1::OpCall& call, const ops::Geometry& in) {
  const std::string where = "op " + call.name();
  if (const std::vector<Error> errors = ops::check_call(call, where); !errors.empty()) return tl::unexpected(errors.front());
  auto out = ops::output_geometry(call, in);
  if (!out) return propagate(out);
  const auto layout = ops::find_pixel_layout(in.pixel_format);
  SHEAF_CHECK(layout.has_value());  // output_geometry() has looked.
  const auto maker = makers().find(call.name());
  if (maker == makers().end()) return fail(ErrorCode::kUsage, "this worker does not have the op " + call.name());
  return maker->second(call, *layout, *out);
}

std::vector<std::string> implemented_ops() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers()) names.push_back(name);
  return names;
}

void set_up_opencv() {
  cv::setNumThreads(1);
  cv::ocl::setUseOpenCL(false);
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
}

std::string opencv_version() {
  return cv::getVersionString();
}

}  // namespace sheaf::worker
