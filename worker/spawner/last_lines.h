#pragma once

#include <cstddef>
#include <string_view>

namespace sheaf::worker {

/// The last `bytes_max` bytes of `text`, from the first whole line in them if there is one.
inline std::string_view last_lines(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  text.remove_prefix(text.size() - bytes_max);
  const std::size_t line_end = text.find('\n');
  if (line_end != std::string_view::npos && line_end + 1 < text.size()) text.remove_prefix(line_end + 1);
  return text;
}

}  // namespace sheaf::worker
