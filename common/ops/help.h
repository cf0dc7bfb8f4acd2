#pragma once

#include <string>

#include "common/ops/catalogue.h"

namespace sheaf::ops {

/// What `sheaf ops` prints: every op with its arguments, units, ranges, defaults, and what it needs. Ends with a newline.
std::string format_catalogue();

/// What `sheaf ops NAME` prints: one op with all that the catalogue knows of it.
std::string format_op(const OpSpec& op);

/// What `sheaf ops --json` prints: {"schema":1,"ops":[{"name",...}]}, on one line.
std::string catalogue_json();

}  // namespace sheaf::ops
