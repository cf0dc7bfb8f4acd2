#include "common/ops/geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "common/base/check.h"
#include "common/ops/check.h"
#include "common/ops/parse.h"
#include "common/ops/pixel_layout.h"

namespace sheaf::ops {

namespace {

constexpr int kSizeMax = 16384;  // Pixels; as far as resize goes.

/// `other` scaled by `wanted / size`, rounded to whole chroma samples, but never to nothing.
std::int64_t keep_aspect(std::int64_t wanted, int size, int other, int chroma_shift) {
  const std::int64_t step = std::int64_t{1} << chroma_shift;
  const std::int64_t twice = 2 * wanted * other / size;  // In halves, so that the rounding below sees them.
  return std::max(step, (twice + step) / (2 * step) * step);
}

Result<Geometry> resized(const v1::OpCall& call, const Geometry& in, const PixelLayout& layout) {
  std::int64_t width = integer_argument(call, "width");
  std::int64_t height = integer_argument(call, "height");
  const bool yuv = layout.model == ColorModel::kYuv;
  if (width <= 0) width = keep_aspect(height, in.height, in.width, yuv ? layout.chroma_shift_x : 0);
  if (height <= 0) height = keep_aspect(width, in.width, in.height, yuv ? layout.chroma_shift_y : 0);
  if (width > kSizeMax || height > kSizeMax) {
    return fail(ErrorCode::kUsage,
                "frames of " + std::to_string(in.width) + "x" + std::to_string(in.height) + " would become " +
                    std::to_string(width) + "x" + std::to_string(height) + ", beyond " + std::to_string(kSizeMax),
                "--op " + format_call(call));
  }
  return Geometry{static_cast<int>(width), static_cast<int>(height), in.pixel_format};
}

}  // namespace

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
  return call.name() == "resize" ? resized(call, in, *layout) : in;
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

double cost(const v1::OpCall& call, const Geometry& in) {
  if (call.name() == "copy") return 0;
  if (call.name() == "gray") return 0.05;
  if (call.name() == "invert") return 0.1;
  if (call.name() == "edges") return 2;
  if (call.name() == "blur") {
    // Separable: as many multiplications a sample as the kernel is wide and high.
    return 0.2 + 0.1 * (2 * std::ceil(3 * number_argument(call, "sigma")) + 1);
  }
  if (call.name() == "resize") {
    const auto out = output_geometry(call, in);
    const double grown = out ? static_cast<double>(out->width) * out->height / (static_cast<double>(in.width) * in.height) : 1;
    return 0.2 + 0.3 * grown;
  }
  SHEAF_CHECK(false);
}

}  // namespace sheaf::ops
