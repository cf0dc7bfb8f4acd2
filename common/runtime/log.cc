#include "common/runtime/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

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

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("sheaf", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::warn);
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *instance;
}

}  // namespace

void set_up_log(const std::string& program, LogLevel level) {
  logger().set_level(to_spdlog(chosen_level(level)));
  logger().set_pattern("%Y-%m-%dT%H:%M:%S.%e %l " + program + "[%P] %v");
}

void log_info(std::string_view line) {
  logger().info("{}", escape_control(line));
}
void log_warn(std::string_view line) {
  logger().warn("{}", escape_control(line));
}
void log_error(std::string_view line) {
  logger().error("{}", escape_control(line));
}

}  // namespace sheaf
