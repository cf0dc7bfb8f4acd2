#include "common/batch/replacement.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace sheaf::batch {

namespace {

std::string without_extension(std::string path) {
  const std::size_t dot = path.rfind('.');
  const std::size_t slash = path.rfind('/');
  if (dot == std::string::npos || (slash != std::string::npos && slash > dot)) return path;
  path.resize(dot);
  return path;
}

std::string name_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

/// As dirname(1) says it.
std::string directory_of(std::string path) {
  const auto strip = [&] {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
  };
  strip();
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  path.resize(slash + 1);
  strip();
  return path;
}

std::string part_of(const std::string& value, Replacement::Part part) {
  switch (part) {
    case Replacement::Part::kWhole: return value;
    case Replacement::Part::kNoExtension: return without_extension(value);
    case Replacement::Part::kName: return name_of(value);
    case Replacement::Part::kDirectory: return directory_of(value);
    case Replacement::Part::kNameNoExtension: return without_extension(name_of(value));
  }
  return value;
}

/// How the words between the braces end: {2/.}.
constexpr std::pair<std::string_view, Replacement::Part> kParts[] = {
    {"/.", Replacement::Part::kNameNoExtension},
    {"//", Replacement::Part::kDirectory},
    {"/", Replacement::Part::kName},
    {".", Replacement::Part::kNoExtension},
};

std::optional<int> position_of(std::string_view word, const std::vector<std::string>& names) {
  const auto name = std::find(names.begin(), names.end(), word);
  if (name != names.end()) return static_cast<int>(name - names.begin()) + 1;
  int number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size() || number == 0) return std::nullopt;
  return number;
}

/// `word`: what stands between the braces.
std::optional<Replacement> parse_word(std::string_view word, const std::vector<std::string>& names) {
  using Of = Replacement::Of;
  if (word == "#") return Replacement{.of = Of::kNumber};
  if (word == "%") return Replacement{.of = Of::kSlot};
  Replacement replacement;
  // A name may hold dots and slashes, so that it goes before what they mean.
  if (const auto whole = position_of(word, names)) {
    replacement.of = Of::kValue;
    replacement.position = *whole;
    return replacement;
  }
  for (const auto& [ending, part] : kParts) {
    if (!word.ends_with(ending)) continue;
    word.remove_suffix(ending.size());
    replacement.part = part;
    break;
  }
  if (word.empty()) return replacement;
  const auto position = position_of(word, names);
  if (!position) return std::nullopt;
  replacement.of = Of::kValue;
  replacement.position = *position;
  return replacement;
}

}  // namespace

std::vector<Piece> parse_pieces(std::string_view text, const std::vector<std::string>& names) {
  std::vector<Piece> pieces;
  std::string plain;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    plain += text.substr(0, open);
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    const std::size_t close = text.find('}');
    const auto replacement = close == std::string_view::npos ? std::nullopt : parse_word(text.substr(1, close - 1), names);
    if (!replacement) {
      plain += text.front();
      text.remove_prefix(1);
      continue;
    }
    if (!plain.empty()) pieces.emplace_back(std::exchange(plain, {}));
    pieces.emplace_back(*replacement);
    text.remove_prefix(close + 1);
  }
  if (!plain.empty()) pieces.emplace_back(std::move(plain));
  return pieces;
}

std::vector<std::string> replaced(const Replacement& replacement, const Item& item, unsigned slot) {
  switch (replacement.of) {
    case Replacement::Of::kNumber: return {std::to_string(item.number)};
    case Replacement::Of::kSlot: return {std::to_string(slot)};
    case Replacement::Of::kValue: {
      const auto count = static_cast<int>(item.values.size());
      const int index = replacement.position > 0 ? replacement.position - 1 : count + replacement.position;
      if (index < 0 || index >= count) return {};
      return {part_of(item.values[static_cast<std::size_t>(index)], replacement.part)};
    }
    case Replacement::Of::kValues: break;
  }
  std::vector<std::string> values;
  for (const std::string& value : item.values) values.push_back(part_of(value, replacement.part));
  return values;
}

}  // namespace sheaf::batch
