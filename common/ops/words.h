#pragma once

/// Pieces of sentences that the messages of this folder share.

#include <string>
#include <string_view>
#include <vector>

#include "common/base/text.h"
#include "common/ops/catalogue.h"

namespace sheaf::ops {

/// "a, b, c".
inline std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// "did you mean blur?"; when no candidate is close, `otherwise`, or "there are a, b, c" if that is empty.
inline std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates, std::string otherwise = {}) {
  const std::string guess = closest(word, candidates);
  if (!guess.empty()) return "did you mean " + guess + "?";
  return otherwise.empty() ? "there are " + join(candidates) : otherwise;
}

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
