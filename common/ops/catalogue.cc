#include "common/ops/catalogue.h"

#include <algorithm>
#include <charconv>

#include "common/base/check.h"
#include "common/ops/pixel_layout.h"

namespace sheaf::ops {

namespace {

std::vector<std::string> all_formats() {
  std::vector<std::string> names;
  for (const PixelLayout& layout : pixel_layouts()) names.emplace_back(layout.name);
  return names;
}

OpSpec copy_op() {
  return {.name = "copy",
          .summary = "leaves every frame as it is",
          .details = "The frames are decoded and encoded again, and nothing happens in between.",
          .formats = all_formats()};
}

OpSpec gray_op() {
  return {.name = "gray",
          .summary = "takes the color out",
          .details =
              "YUV: luma is kept, chroma becomes 128; the pixel format stays. RGB: all three channels become "
              "0.299 R + 0.587 G + 0.114 B. Gray frames stay as they are.",
          .formats = all_formats()};
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
      .version = 2};
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
      .formats = all_formats()};
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
                     .max = 16384,
                     .default_value = std::int64_t{-1}},
                    {.key = "height",
                     .type = ArgumentType::kInteger,
                     .unit = "pixels",
                     .summary = "new height; 0 or -1: from width, keeping the aspect",
                     .min = -1,
                     .max = 16384,
                     .default_value = std::int64_t{-1}},
                    {.key = "method",
                     .type = ArgumentType::kText,
                     .summary = "how samples are weighted; area is for making smaller",
                     .default_value = std::string("area"),
                     .choices = {"nearest", "area", "linear", "cubic", "lanczos"}}},
      .formats = all_formats(),
      .version = 2};
}

OpSpec invert_op() {
  return {
      .name = "invert",
      .summary = "turns light to dark and colors to their opposites",
      .details =
          "RGB, gray and full-range luma: 255 - x. Limited-range luma: 251 - x, so that 16 and 235 change places; what lies "
          "beyond is cut off at 0. Chroma: 256 - x, so that 128, no color, stays; 0 becomes 255.",
      .formats = all_formats()};
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
