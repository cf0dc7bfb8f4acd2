#pragma once

/// Every op that sheaf knows: what it is called, what it takes, what it needs, what it gives, what it costs. Whatever asks
/// about an op asks its entry; no other place knows one by name. worker/ops has one implementation for each entry, and a test
/// holds the two together.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/result.h"
#include "common/ops/geometry.h"
#include "common/ops/pixel_layout.h"
#include "sheaf/v1/video.pb.h"

namespace sheaf::ops {

enum class ArgumentType { kInteger, kNumber, kText, kFlag };

/// "integer", "number", "text", "flag".
const char* argument_type_name(ArgumentType type);

using ArgumentValue = std::variant<std::int64_t, double, std::string, bool>;

/// As it would stand on the command line.
std::string to_text(const ArgumentValue& value);

/// One argument of an op.
struct ArgumentSpec {
  std::string key = {};
  ArgumentType type = ArgumentType::kNumber;
  std::string unit = {};     ///< "pixels"; may be empty.
  std::string summary = {};  ///< Half a sentence.
  double min = 0;            ///< kInteger and kNumber: the closed range.
  double max = 0;
  std::optional<ArgumentValue> default_value = {};  ///< Empty: the argument must be given.
  std::vector<std::string> choices = {};            ///< kText: the only values that there are, unless empty.
};

/// What an op must see to do one frame. Only kStateless runs today; the others have their place here so that the catalogue, the
/// planner and the wire need no change when they come.
enum class Need {
  kStateless,  ///< The frame alone.
  kStencil,    ///< Also `before` frames before it and `after` frames after it; the border repeats the edge.
  kWarmUp,     ///< About `before` frames before it, to get into its stride: nearly exact.
  kSerial,     ///< All frames before it, in order.
};

/// "stateless", "stencil", "warm-up", "serial".
const char* need_name(Need need);

enum class Gives { kFrames, kRecords, kBoth };

/// "frames", "records", "frames and records".
const char* gives_name(Gives gives);

struct OpSpec {
  std::string name = {};
  std::string summary = {};  ///< One line.
  std::string details = {};  ///< What exactly happens to which plane: sentences.
  std::vector<ArgumentSpec> arguments = {};
  Need need = Need::kStateless;
  int before = 0;  ///< Frames; see Need.
  int after = 0;
  Gives gives = Gives::kFrames;
  std::vector<int> depths = {8};          ///< Bits a sample.
  std::vector<std::string> formats = {};  ///< Pixel formats it takes (libavutil's names).
  bool depends_on_processor = false;  ///< Its result may differ between processor levels: runs with it stay on equal workers.
  std::string shared_data = {};       ///< What is loaded once per process and shared by all slots; empty: nothing.
  int version = 1;                    ///< Grows whenever the same input would give other pixels; part of the fingerprint.

  /// About how many times the cost of decoding one frame of `in`'s size `call` costs for each frame: for the planner, so of the
  /// op alone and not of the machine that measured it. Always there.
  double (*cost)(const v1::OpCall& call, const Geometry& in) = nullptr;
  /// What comes out for frames of `in`, which have `layout`. Null: what went in.
  Result<Geometry> (*output)(const v1::OpCall& call, const Geometry& in, const PixelLayout& layout) = nullptr;
  /// What is wrong with arguments that are good one by one: `what` and `advice` of a kUsage. Null: nothing ever.
  std::optional<Error> (*rule)(const v1::OpCall& call) = nullptr;
};

/// All ops, in the order of the help.
const std::vector<OpSpec>& catalogue();

/// nullptr if there is none of that name.
const OpSpec* find_op(std::string_view name);

/// "blur=1 copy=1 ...": what a worker's fingerprint says of its ops.
std::string catalogue_fingerprint();

}  // namespace sheaf::ops
