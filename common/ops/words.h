#pragma once

/// Pieces of sentences that the messages of this folder share.

#include <string>
#include <vector>

#include "common/base/text.h"
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

/// The advice for an argument `key` that `op` does not have.
inline std::string other_arguments(const std::string& key, const OpSpec& op) {
  if (op.arguments.empty()) return "it has none at all";
  std::vector<std::string> keys;
  for (const ArgumentSpec& argument : op.arguments) keys.push_back(argument.key);
  return did_you_mean(key, keys, "there are " + join(keys));
}

}  // namespace sheaf::ops
