#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "common/cli/settings.h"

namespace sheaf::cli {

/// An environment with these variables alone.
inline Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

}  // namespace sheaf::cli
