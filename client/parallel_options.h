#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sheaf::client {

/// What a user of GNU parallel is to be told of an option of it that sheaf batch does not have; empty when GNU parallel has
/// none of that name either. `option`: with its dashes.
std::optional<std::string> advice_on_parallel_option(std::string_view option);

}  // namespace sheaf::client
