#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "common/base/result.h"
#include "sheaf/v1/video.pb.h"

namespace sheaf::ops {

/// Reads `NAME[:key=value,...]`, as it stands after --op. A value with `,` or `:` stands in double quotes; inside quotes `\"`
/// is a quote and `\\` a backslash. Arguments that are not given get their defaults, so the call is complete and in the
/// catalogue's order.
///
/// Errors: every fault of the text at once, each kUsage with `--op TEXT` as its place; never empty.
tl::expected<v1::OpCall, std::vector<Error>> parse_op(std::string_view text);

/// All ops of a command line: the faults of all of them together.
tl::expected<std::vector<v1::OpCall>, std::vector<Error>> parse_ops(const std::vector<std::string>& texts);

/// The other way round, with every argument: "blur:sigma=8". parse_op() reads it back.
std::string format_call(const v1::OpCall& call);

}  // namespace sheaf::ops
