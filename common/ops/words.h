#pragma once

/// Pieces of sentences that the messages of this folder share.

#include <string>
#include <vector>

#include "common/ops/catalogue.h"

namespace sheaf::ops {

inline std::string a_type(ArgumentType type) {
  switch (type) {
    case ArgumentType::kInteger: return "a whole number";
    case ArgumentType::kNumber: return "a number";
    case ArgumentType::kText: return "a word";
    case ArgumentType::kFlag: return "true or false";
  }
  return {};
}

inline std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const OpSpec& op : catalogue()) names.push_back(op.name);
  return names;
}

inline std::vector<std::string> argument_keys(const OpSpec& op) {
  std::vector<std::string> keys;
  for (const ArgumentSpec& argument : op.arguments) keys.push_back(argument.key);
  return keys;
}

}  // namespace sheaf::ops
