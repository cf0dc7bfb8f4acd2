#include "common/runtime/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/base/text.h"

namespace sheaf {

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
    case LogLevel::kOff: return spdlog::level::off;
  }
  return spdlog::level::info;
}

LogLevel chosen_level(LogLevel level) {
  const char* text = std::getenv("SHEAF_LOG");
  if (text == nullptr) text = std::getenv(kPrivateLogVariable);
  const std::string_view word = text == nullptr ? "" : text;
  if (word == "info") return LogLevel::kInfo;
  if (word == "warn") return LogLevel::kWarn;
  if (word == "error") return LogLevel::kError;
  if (word == "off") return LogLevel::kOff;
  return level;
}

LogForm chosen_form() {
  // The last words of a command's own cluster are shown to people.
  if (std::getenv(kPrivateLogVariable) != nullptr) return LogForm::kText;
  const char* text = std::getenv(kLogFormVariable);
  return text != nullptr && std::string_view(text) == "json" ? LogForm::kJson : LogForm::kText;
}

struct Log {
  std::shared_ptr<spdlog::logger> logger;
  LogForm form = LogForm::kText;
};

Log& log() {
  static Log instance = [] {
    auto made = std::make_shared<spdlog::logger>("sheaf", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::warn);
    made->flush_on(spdlog::level::info);
    return Log{made, LogForm::kText};
  }();
  return instance;
}

void write(spdlog::level::level_enum level, std::string_view event, const LogFields& fields) {
  const Log& to = log();
  if (!to.logger->should_log(level)) return;
  to.logger->log(level, "{}", to.form == LogForm::kJson ? event_as_json(event, fields) : event_as_text(event, fields));
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return escape_control(out) + "\"";
}

std::string as_json(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// `quote`: what makes a text safe in the form at hand.
template <class Quote>
std::string text_of(const LogField::Value& value, Quote quote) {
  if (const auto* text = std::get_if<std::string>(&value)) return quote(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return std::to_string(*number);
  return std::get<bool>(value) ? "true" : "false";
}

}  // namespace

void set_up_log(const std::string& program, LogLevel level) {
  Log& made = log();
  made.form = chosen_form();
  made.logger->set_level(to_spdlog(chosen_level(level)));
  if (made.form == LogForm::kJson) {
    made.logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","program":")" + program + R"(","pid":%P,%v})",
                             spdlog::pattern_time_type::utc);
  } else {
    made.logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l " + program + "[%P] %v");
  }
}

void log_info(std::string_view event, const LogFields& fields) {
  write(spdlog::level::info, event, fields);
}
void log_warn(std::string_view event, const LogFields& fields) {
  write(spdlog::level::warn, event, fields);
}
void log_error(std::string_view event, const LogFields& fields) {
  write(spdlog::level::err, event, fields);
}

std::string event_as_text(std::string_view event, const LogFields& fields) {
  std::string text(event);
  for (const LogField& field : fields) text += " " + field.name + "=" + text_of(field.value, quoted);
  return text;
}

std::string event_as_json(std::string_view event, const LogFields& fields) {
  std::string text = "\"event\":" + as_json(std::string(event));
  for (const LogField& field : fields) text += "," + as_json(field.name) + ":" + text_of(field.value, as_json);
  return text;
}

}  // namespace sheaf
