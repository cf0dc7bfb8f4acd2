#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sheaf {

enum class LogLevel { kInfo, kWarn, kError, kOff };
enum class LogForm { kText, kJson };

/// A command tells its own cluster's processes by it what SHEAF_LOG tells all: not a variable that the user has set, and so not
/// one for what they start on his behalf.
inline constexpr char kPrivateLogVariable[] = "SHEAF_PRIVATE_LOG";
/// "text" or "json": also how a program tells those that it starts.
inline constexpr char kLogFormVariable[] = "SHEAF_LOG_FORMAT";

/// What is said of an event: `worker=7`. Names are snake_case, and never "time", "level", "program", "pid" or "event".
struct LogField {
  using Value = std::variant<std::string, std::int64_t, std::uint64_t, bool>;

  LogField(std::string_view field, std::string_view text) : name(field), value(std::string(text)) {}
  LogField(std::string_view field, const char* text) : name(field), value(std::string(text)) {}
  LogField(std::string_view field, bool flag) : name(field), value(flag) {}
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) LogField(std::string_view field, Number number) : name(field) {
    if constexpr (std::signed_integral<Number>) {
      value = std::int64_t{number};
    } else {
      value = std::uint64_t{number};
    }
  }

  std::string name;
  Value value;
};
using LogFields = std::vector<LogField>;

/// Sends the log to stderr, a line an event, each with time, level, `program` and process. SHEAF_LOG=info|warn|error|off
/// overrides `level`, SHEAF_LOG_FORMAT=json chooses the form. Call once, before the first line and before there are threads;
/// before it only warnings and errors are written, as text.
void set_up_log(const std::string& program, LogLevel level);

// Events that a person may need; `event` is a word in snake_case.
void log_info(std::string_view event, const LogFields& fields = {});   ///< Lifecycle, a bounded number per run.
void log_warn(std::string_view event, const LogFields& fields = {});   ///< Degraded and handled.
void log_error(std::string_view event, const LogFields& fields = {});  ///< A human must act.

/// `worker_lost worker=7 peer="node2:99" silent_ms=5021`: text in quotes, with `"`, `\` and control characters escaped.
std::string event_as_text(std::string_view event, const LogFields& fields);
/// `"event":"worker_lost","worker":7,"peer":"node2:99","silent_ms":5021`: members of a JSON object. Text need not be UTF-8.
std::string event_as_json(std::string_view event, const LogFields& fields);

}  // namespace sheaf
