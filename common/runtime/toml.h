#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace sheaf {

/// One setting of a TOML file: `size = 3` at its top, or in a table: `[video]`.
struct TomlItem {
  std::vector<std::string> tables;  ///< That it stands in, the outermost first: {"video"}.
  std::string key;
  std::vector<std::string> values;  ///< As text, whatever type it has: "3", "true", "in.mp4"; of an array one for each element.
  unsigned line = 0;                ///< From 1.
};

/// Reads settings, in the order of their lines. `path`: for messages. Errors: kUsage, with the line, for what is no TOML, and
/// for what no setting can be: dates, arrays of arrays or tables.
Result<std::vector<TomlItem>> parse_toml(std::string_view text, const std::string& path);

/// As parse_toml(), of a file. Errors: also kUsage when it cannot be read.
Result<std::vector<TomlItem>> read_toml_file(const std::string& path);

}  // namespace sheaf
