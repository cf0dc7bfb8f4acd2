#include "tests/scenario/fields.h"

#include <limits>
#include <utility>

#include "common/base/text.h"

namespace sheaf::scenario {

Result<Fields> Fields::parse(std::string_view text) {
  Fields fields;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return fields;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return fail(ErrorCode::kUsage, "not a key=value field", std::string(text));
    const std::string name(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    const bool is_quoted = text.starts_with('"');
    if (is_quoted) text.remove_prefix(1);
    const std::size_t end = std::min(text.find(is_quoted ? '"' : ' '), text.size());
    if (is_quoted && end == text.size()) return fail(ErrorCode::kUsage, "no closing quote", name);
    if (!fields.fields_.emplace(name, text.substr(0, end)).second) return fail(ErrorCode::kUsage, "given twice", name);
    text.remove_prefix(is_quoted ? end + 1 : end);
  }
}

std::string Fields::take(const char* name) {
  const auto place = fields_.find(name);
  if (place == fields_.end()) return {};
  std::string value = std::move(place->second);
  fields_.erase(place);
  return value;
}

void Fields::reject(const char* name, std::string_view value) {
  if (error_.empty()) error_ = std::string(name) + "=" + std::string(value);
}

bool Fields::number(const char* name, std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return true;
  reject(name, text);
  return false;
}

void Fields::get(const char* name, std::uint64_t& value) {
  if (const std::string text = take(name); !text.empty()) number(name, text, value);
}

void Fields::get(const char* name, std::uint32_t& value) {
  std::uint64_t wide = value;
  get(name, wide);
  if (wide > std::numeric_limits<std::uint32_t>::max()) reject(name, std::to_string(wide));
  value = static_cast<std::uint32_t>(wide);
}

void Fields::get(const char* name, int& value) {
  std::string text = take(name);
  if (text.empty()) return;
  const bool is_negative = text.starts_with('-');
  std::uint64_t wide = 0;
  if (!number(name, is_negative ? text.substr(1) : text, wide) || wide > 1000) return reject(name, text);
  value = is_negative ? -static_cast<int>(wide) : static_cast<int>(wide);
}

void Fields::get(const char* name, bool& value) {
  std::uint64_t wide = value ? 1 : 0;
  get(name, wide);
  if (wide > 1) reject(name, std::to_string(wide));
  value = wide == 1;
}

void Fields::get(const char* name, std::string& value) {
  if (fields_.contains(name)) value = take(name);
}

void Fields::get(const char* name, Duration& value) {
  const std::string text = take(name);
  if (text.empty()) return;
  const Result<Duration> parsed = parse_duration(text);
  if (!parsed) return reject(name, text);
  value = *parsed;
}

void Fields::get(const char* name, Digest& value) {
  get(name, value.low);
}
void Fields::get(const char* name, RunId& value) {
  get(name, value.value);
}
void Fields::get(const char* name, WorkerId& value) {
  get(name, value.value);
}

void Fields::get(const char* name, JobKey& value) {
  const std::string text = take(name);
  if (text.empty()) return;
  const std::size_t dot = text.find('.');
  std::uint64_t sub = 0;
  number(name, text.substr(0, dot), value.seq);
  if (dot != std::string::npos) number(name, text.substr(dot + 1), sub);
  value.sub = static_cast<std::uint32_t>(sub);
}

void Fields::get(const char* name, JobId& value) {
  const std::string text = take(name);
  if (text.empty()) return;
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return reject(name, text);
  number(name, text.substr(0, slash), value.run.value);
  fields_[name] = text.substr(slash + 1);
  get(name, value.key);
}

void Fields::get(const char* name, Attempt& value) {
  const std::string text = take(name);
  if (text.empty()) return;
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return reject(name, text);
  number(name, text.substr(0, slash), value.epoch);
  number(name, text.substr(slash + 1), value.n);
}

std::vector<std::string> Fields::words(const char* name) {
  std::string text = take(name);
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    words.push_back(text.substr(0, comma));
    text.erase(0, comma + 1);
  }
  return words;
}

Status Fields::finish() const {
  if (!error_.empty()) return fail(ErrorCode::kUsage, "bad value", error_);
  if (!fields_.empty()) return fail(ErrorCode::kUsage, "unknown field", fields_.begin()->first);
  return {};
}

}  // namespace sheaf::scenario
