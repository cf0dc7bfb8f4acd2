#include "common/ops/catalogue.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/base/check.h"
#include "common/ops/check.h"
#include "common/ops/parse.h"

namespace sheaf::ops {

namespace {

std::vector<std::string> all_formats() {
  std::vector<std::string> names;
  for (const PixelLayout& layout : pixel_layouts()) names.emplace_back(layout.name);
  return names;
}

constexpr int kSizeMax = 16384;  // Pixels; of resize.

/// The cost of an op that does the same to every sample, whatever its arguments.
template <int hundredths>
double always(const v1::OpCall&, const Geometry&) {
  return hundredths / 100.0;
}

OpSpec copy_op() {
  return {.name = "copy",
          .summary = "leaves every frame as it is",
          .details = "The frames are decoded and encoded again, and nothing happens in between.",
          .formats = all_formats(),
          .cost = always<0>};
}

OpSpec gray_op() {
  return {.name = "gray",
          .summary = "takes the color out",
          .details =
              "YUV: luma is kept, chroma becomes 128; the pixel format stays. RGB: all three channels become "
              "0.299 R + 0.587 G + 0.114 B. Gray frames stay as they are.",
          .formats = all_formats(),
          .cost = always<5>};
}

double blur_cost(const v1::OpCall& call, const Geometry&) {
  // Separable: as many multiplications a sample as the kernel is wide and high.
  return 0.2 + 0.1 * (2 * std::ceil(3 * number_argument(call, "sigma")) + 1);
}

OpSpec blur_op() {
  return {
      .name = "blur",
      .summary = "Gaussian blur, plane by plane",
      .details =
          "Each plane is blurred in the frame's own pixel format; chroma planes that are subsampled get a sigma smaller by the "
          "same factor. Every sample is within 1 of the exact Gaussian. Beyond the border the edge repeats.",
      .arguments = {{.key = "sigma",
                     .type = ArgumentType::kNumber,
                     .unit = "pixels",
                     .summary = "standard deviation of the Gaussian",
                     .min = 0.1,
                     .max = 100,
                     .default_value = 2.0}},
      .formats = all_formats(),
      .version = 2,
      .cost = blur_cost};
}

std::optional<Error> edges_rule(const v1::OpCall& call) {
  if (number_argument(call, "low") <= number_argument(call, "high")) return std::nullopt;
  return Error{ErrorCode::kUsage, "low is greater than high", {}, "swap them"};
}

OpSpec edges_op() {
  return {
      .name = "edges",
      .summary = "Canny edges, white on black",
      .details =
          "Canny's detector on luma, with a 3x3 Sobel operator and |dx| + |dy| as the strength of the gradient. A pixel above "
          "high is an edge; one above low is, where it touches an edge. White and black are those of the frame's range (235 "
          "and "
          "16, or 255 and 0); chroma becomes 128.",
      .arguments = {{.key = "low",
                     .type = ArgumentType::kNumber,
                     .unit = "gradient strength",
                     .summary = "edges go on down to here; at most high",
                     .min = 0,
                     .max = 2040,
                     .default_value = 50.0},
                    {.key = "high",
                     .type = ArgumentType::kNumber,
                     .unit = "gradient strength",
                     .summary = "edges begin from here",
                     .min = 0,
                     .max = 2040,
                     .default_value = 150.0}},
      .formats = all_formats(),
      .cost = always<200>,
      .rule = edges_rule};
}

/// `other` scaled by `wanted / size`, rounded to whole chroma samples, but never to nothing.
std::int64_t keep_aspect(std::int64_t wanted, int size, int other, int chroma_shift) {
  const std::int64_t step = std::int64_t{1} << chroma_shift;
  const std::int64_t twice = 2 * wanted * other / size;  // In halves, so that the rounding below sees them.
  return std::max(step, (twice + step) / (2 * step) * step);
}

Result<Geometry> resize_output(const v1::OpCall& call, const Geometry& in, const PixelLayout& layout) {
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

double resize_cost(const v1::OpCall& call, const Geometry& in) {
  const auto out = output_geometry(call, in);
  const double grown = out ? static_cast<double>(out->width) * out->height / (static_cast<double>(in.width) * in.height) : 1;
  return 0.2 + 0.3 * grown;
}

std::optional<Error> resize_rule(const v1::OpCall& call) {
  if (integer_argument(call, "width") > 0 || integer_argument(call, "height") > 0) return std::nullopt;
  return Error{ErrorCode::kUsage, "resize needs a width or a height", {}, "for instance resize:width=640"};
}

OpSpec resize_op() {
  return {
      .name = "resize",
      .summary = "scales to another size, plane by plane",
      .details =
          "0 or -1 for one of width and height keeps the aspect, rounded to whole chroma samples. Each plane is scaled by "
          "itself about its center. area is the mean of what a new pixel covers; linear, cubic (Catmull-Rom) and lanczos (of "
          "3) weigh the pixels around it, and take more of them when they make smaller; nearest takes one.",
      .arguments = {{.key = "width",
                     .type = ArgumentType::kInteger,
                     .unit = "pixels",
                     .summary = "new width; 0 or -1: from height, keeping the aspect",
                     .min = -1,
                     .max = kSizeMax,
                     .default_value = std::int64_t{-1}},
                    {.key = "height",
                     .type = ArgumentType::kInteger,
                     .unit = "pixels",
                     .summary = "new height; 0 or -1: from width, keeping the aspect",
                     .min = -1,
                     .max = kSizeMax,
                     .default_value = std::int64_t{-1}},
                    {.key = "method",
                     .type = ArgumentType::kText,
                     .summary = "how samples are weighted; area is for making smaller",
                     .default_value = std::string("area"),
                     .choices = {"nearest", "area", "linear", "cubic", "lanczos"}}},
      .formats = all_formats(),
      .version = 2,
      .cost = resize_cost,
      .output = resize_output,
      .rule = resize_rule};
}

OpSpec invert_op() {
  return {
      .name = "invert",
      .summary = "turns light to dark and colors to their opposites",
      .details =
          "RGB, gray and full-range luma: 255 - x. Limited-range luma: 251 - x, so that 16 and 235 change places; what lies "
          "beyond is cut off at 0. Chroma: 256 - x, so that 128, no color, stays; 0 becomes 255.",
      .formats = all_formats(),
      .cost = always<10>};
}

}  // namespace

const char* argument_type_name(ArgumentType type) {
  switch (type) {
    case ArgumentType::kInteger: return "integer";
    case ArgumentType::kNumber: return "number";
    case ArgumentType::kText: return "text";
    case ArgumentType::kFlag: return "flag";
  }
  SHEAF_CHECK(false);
}

const char* need_name(Need need) {
  switch (need) {
    case Need::kStateless: return "stateless";
    case Need::kStencil: return "stencil";
    case Need::kWarmUp: return "warm-up";
    case Need::kSerial: return "serial";
  }
  SHEAF_CHECK(false);
}

const char* gives_name(Gives gives) {
  switch (gives) {
    case Gives::kFrames: return "frames";
    case Gives::kRecords: return "records";
    case Gives::kBoth: return "frames and records";
  }
  SHEAF_CHECK(false);
}

std::string to_text(const ArgumentValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, std::get<double>(value));
  return {buffer, result.ptr};
}

const std::vector<OpSpec>& catalogue() {
  static const std::vector<OpSpec> ops = {copy_op(), gray_op(), blur_op(), edges_op(), resize_op(), invert_op()};
  return ops;
}

const OpSpec* find_op(std::string_view name) {
  const auto found = std::find_if(catalogue().begin(), catalogue().end(), [&](const OpSpec& op) { return op.name == name; });
  return found == catalogue().end() ? nullptr : &*found;
}

std::string catalogue_fingerprint() {
  std::string text;
  for (const OpSpec& op : catalogue()) text += (text.empty() ? "" : " ") + op.name + "=" + std::to_string(op.version);
  return text;
}

}  // namespace sheaf::ops
