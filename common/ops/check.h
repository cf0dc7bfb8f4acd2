#pragma once

/// Typed calls against the catalogue: for calls that were just parsed, and for calls that came over the wire.

#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/ops/catalogue.h"
#include "sheaf/v1/video.pb.h"

namespace sheaf::ops {

/// Every fault of `call`, all kUsage: unknown op or argument, doubled, missing, of the wrong type, out of range, not among the
/// choices, arguments that do not fit together, an op whose needs sheaf cannot meet yet. Empty: the call is good. `where` is
/// the call as the user wrote it and goes into the errors as it is.
std::vector<Error> check_call(const v1::OpCall& call, const std::string& where);

/// The two halves of check_call(): each argument by itself, and, once those are good, the arguments together.
std::vector<Error> check_arguments(const v1::OpCall& call, const std::string& where);
std::vector<Error> check_together(const v1::OpCall& call, const std::string& where);

/// The arguments of a call that check_call() has passed (checked).
std::int64_t integer_argument(const v1::OpCall& call, std::string_view key);
double number_argument(const v1::OpCall& call, std::string_view key);
const std::string& text_argument(const v1::OpCall& call, std::string_view key);

}  // namespace sheaf::ops
