#include "common/runtime/toml.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>  // Here and nowhere else: it is a large header.

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

namespace sheaf {

namespace {

std::string at_line(const std::string& path, unsigned line) {
  return path + ": line " + std::to_string(line);
}

/// Of a string, a number or a boolean; empty for all else.
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* integer = node.as_integer()) return std::to_string(integer->get());
  if (const auto* number = node.as_floating_point()) {
    std::array<char, 64> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number->get());
    if (error == std::errc()) return std::string(digits.data(), end);
  }
  return std::nullopt;
}

/// Appends what stands in `table`, and what stands in the tables in it.
Status collect(const toml::table& table, const std::vector<std::string>& tables, const std::string& path,
               std::vector<TomlItem>& items) {
  for (const auto& [key, node] : table) {
    TomlItem item{tables, std::string(key.str()), {}, key.source().begin.line};
    if (const toml::table* inner = node.as_table()) {
      std::vector<std::string> within = tables;
      within.push_back(item.key);
      if (Status status = collect(*inner, within, path, items); !status) return status;
      continue;
    }
    const auto add = [&item](const toml::node& value) {
      std::optional<std::string> text = text_of(value);
      if (text) item.values.push_back(std::move(*text));
      return text.has_value();
    };
    const toml::array* array = node.as_array();
    const bool is_setting = array != nullptr ? std::all_of(array->begin(), array->end(), add) : add(node);
    if (!is_setting) {
      return fail(ErrorCode::kUsage, "\"" + item.key + "\" is neither text nor number, true, false, nor a list of these",
                  at_line(path, item.line));
    }
    items.push_back(std::move(item));
  }
  return {};
}

}  // namespace

Result<std::vector<TomlItem>> parse_toml(std::string_view text, const std::string& path) {
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    return fail(ErrorCode::kUsage, std::string(parsed.error().description()),
                at_line(path, parsed.error().source().begin.line));
  }
  std::vector<TomlItem> items;
  if (Status status = collect(parsed.table(), {}, path, items); !status) return propagate(status);
  // The library gives them in the order of their names.
  std::stable_sort(items.begin(), items.end(), [](const TomlItem& a, const TomlItem& b) { return a.line < b.line; });
  return items;
}

Result<std::vector<TomlItem>> read_toml_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  file.peek();  // A directory opens, and cannot be read; of an empty file it is the end.
  if (!file.is_open() || file.bad()) return fail(ErrorCode::kUsage, "cannot be read", path);
  std::ostringstream text;
  if (!file.eof()) text << file.rdbuf();
  return parse_toml(std::move(text).str(), path);
}

}  // namespace sheaf
