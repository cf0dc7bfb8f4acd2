#include "common/cli/error_lines.h"

#include <algorithm>

namespace sheaf::cli {

std::string error_lines(const std::string& who, const std::vector<Error>& errors) {
  std::vector<std::string> lines;
  for (const Error& error : errors) {
    std::string line = who + ": " + error.message() + "\n";
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
  }
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

}  // namespace sheaf::cli
