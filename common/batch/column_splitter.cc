#include "common/batch/column_splitter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>

namespace sheaf::batch {

namespace {

PCRE2_SPTR as_units(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

std::string pcre2_text(int error) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

/// As GNU parallel does with columns.
std::string trimmed(std::string_view text) {
  constexpr char kBlanks[] = " \t\r\n\f\v";
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  const std::size_t end = text.find_last_not_of(kBlanks);
  return std::string(text.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin));
}

struct FreeMatch {
  void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
};

}  // namespace

void ColumnSplitter::FreeCode::operator()(pcre2_real_code_8* code) const {
  pcre2_code_free(code);
}

Result<ColumnSplitter> ColumnSplitter::make(const std::string& separator) {
  int error = 0;
  PCRE2_SIZE place = 0;
  std::unique_ptr<pcre2_real_code_8, FreeCode> code(
      pcre2_compile(as_units(separator), separator.size(), 0, &error, &place, nullptr));
  if (code == nullptr) {
    return fail(ErrorCode::kUsage,
                "\"" + separator + "\" is no regular expression: " + pcre2_text(error) + " at byte " + std::to_string(place),
                "--colsep", "a backslash before a character takes it as it is");
  }
  return ColumnSplitter(std::move(code));
}

Result<std::vector<std::string>> ColumnSplitter::split(std::string_view value) const {
  const std::unique_ptr<pcre2_match_data, FreeMatch> match(pcre2_match_data_create_from_pattern(code_.get(), nullptr));
  std::vector<std::string> columns;
  std::size_t begin = 0;
  std::size_t from = 0;
  while (from <= value.size()) {
    const int found = pcre2_match(code_.get(), as_units(value), value.size(), from, 0, match.get(), nullptr);
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0) return fail(ErrorCode::kInput, "a value cannot be cut into columns: " + pcre2_text(found), "--colsep");
    const PCRE2_SIZE* place = pcre2_get_ovector_pointer(match.get());
    if (place[1] == place[0]) {
      from = place[1] + 1;
      continue;
    }
    columns.push_back(trimmed(value.substr(begin, place[0] - begin)));
    begin = from = place[1];
  }
  columns.push_back(trimmed(value.substr(begin)));
  return columns;
}

}  // namespace sheaf::batch
