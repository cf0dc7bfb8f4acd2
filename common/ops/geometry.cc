#include "common/ops/geometry.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "common/base/check.h"
#include "common/ops/catalogue.h"
#include "common/ops/parse.h"
#include "common/ops/pixel_layout.h"

namespace sheaf::ops {

Result<Geometry> output_geometry(const v1::OpCall& call, const Geometry& in) {
  const OpSpec* spec = find_op(call.name());
  SHEAF_CHECK(spec != nullptr);
  const std::string where = "--op " + format_call(call);
  if (in.width <= 0 || in.height <= 0) return fail(ErrorCode::kUsage, "frames without a size", where);
  auto layout = find_pixel_layout(in.pixel_format);
  if (!layout) return fail(ErrorCode::kUsage, layout.error().what, where);
  if (std::find(spec->formats.begin(), spec->formats.end(), in.pixel_format) == spec->formats.end()) {
    return fail(ErrorCode::kUsage, spec->name + " does not take the pixel format " + in.pixel_format, where);
  }
  return spec->output == nullptr ? in : spec->output(call, in, *layout);
}

Result<Geometry> output_geometry(const google::protobuf::RepeatedPtrField<v1::OpCall>& calls, const Geometry& in) {
  Result<Geometry> geometry = in;
  for (const v1::OpCall& call : calls) {
    geometry = output_geometry(call, *geometry);
    if (!geometry) return geometry;
  }
  return geometry;
}

v1::Rational output_aspect(const v1::Rational& aspect, const Geometry& in, const Geometry& out) {
  if (aspect.num() <= 0 || aspect.den() <= 0 || (in.width == out.width && in.height == out.height)) return aspect;
  // Sizes are at most 2^14 and most aspects tiny, but those come from a file: divide before multiplying.
  std::int64_t num = aspect.num();
  std::int64_t den = aspect.den();
  const auto scale = [&](std::int64_t by, std::int64_t over) {
    const std::int64_t a = std::gcd(by, over);
    by /= a;
    over /= a;
    const std::int64_t b = std::gcd(num, over);
    const std::int64_t c = std::gcd(den, by);
    num = num / b * (by / c);
    den = den / c * (over / b);
  };
  scale(in.width, in.height);
  scale(out.height, out.width);
  const std::int64_t divisor = std::gcd(num, den);
  num /= divisor;
  den /= divisor;
  while (num > std::numeric_limits<std::int32_t>::max() || den > std::numeric_limits<std::int32_t>::max()) {
    num = std::max<std::int64_t>(1, num / 2);
    den = std::max<std::int64_t>(1, den / 2);
  }
  v1::Rational result;
  result.set_num(static_cast<std::int32_t>(num));
  result.set_den(static_cast<std::int32_t>(den));
  return result;
}

}  // namespace sheaf::ops
