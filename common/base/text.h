#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"

namespace sheaf {

/// `text` with control characters (0x00-0x1f, 0x7f) written as \n, \t or \xNN, so that a name cannot move a terminal's cursor.
std::string escape_control(std::string_view text);

/// `bytes` as UTF-8: what is not becomes '?'. What a program writes or a file is called need not be UTF-8, but a protobuf
/// string must.
std::string valid_utf8(std::string_view bytes);

/// "500ms", "5s", "2m", "1h"; a bare number is seconds. Errors: kUsage, with what was read.
Result<Duration> parse_duration(std::string_view text);

/// "300", "4K", "2M", "1G" (powers of 1024), in bytes. Errors: kUsage, with what was read.
Result<std::uint64_t> parse_size(std::string_view text);

/// "2.0 MB" and the like, for people: powers of 1000, one decimal.
std::string format_bytes(std::uint64_t bytes);

/// "5.3 s", "2 min 05 s", "1 h 02 min", for people.
std::string format_duration(Duration duration);

/// The candidate that is most like `word` (edit distance at most 2), or empty: for "did you mean".
std::string closest(std::string_view word, const std::vector<std::string>& candidates);

/// The advice for a mistyped word: "did you mean blur?", or `otherwise` when no candidate is close.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates, std::string otherwise = {});

/// "a, b, c", or "a, b and c" with " and " as the last separator.
std::string join(const std::vector<std::string>& words, std::string_view last_separator = ", ");

}  // namespace sheaf
