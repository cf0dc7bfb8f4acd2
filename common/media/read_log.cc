#include "common/media/read_log.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <iterator>
#include <string_view>
#include <utility>

extern "C" {
#include <libavutil/log.h>
}

namespace sheaf::media {

namespace {

thread_local ReadLog* current = nullptr;

/// Said as a warning or in passing, and yet a loss: part of the file has been jumped over (MXF, NUT).
constexpr std::string_view kLosses[] = {"edit unit sync lost", "syncing from"};

bool is_loss(int level, std::string_view format) {
  const auto begins = [&](std::string_view loss) { return format.starts_with(loss); };
  return level <= AV_LOG_ERROR || std::any_of(std::begin(kLosses), std::end(kLosses), begins);
}

bool is_demuxer(void* sender) {
  const AVClass* type = sender != nullptr ? *static_cast<const AVClass**>(sender) : nullptr;
  if (type == nullptr) return false;
  return (type->get_category != nullptr ? type->get_category(sender) : type->category) == AV_CLASS_CATEGORY_DEMUXER;
}

}  // namespace

ReadLog::Listening::Listening(ReadLog& log) : outer_(std::exchange(current, &log)) {}

ReadLog::Listening::~Listening() {
  current = outer_;
}

void ReadLog::on_message(void* sender, int level, const char* format, va_list arguments) {
  if (current == nullptr || !is_loss(level, format) || !current->complaint_.empty() || !is_demuxer(sender)) return;
  std::array<char, 256> buffer;
  std::vsnprintf(buffer.data(), buffer.size(), format, arguments);
  std::string_view text = buffer.data();
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.remove_suffix(1);
  current->complaint_ = text;
}

void listen_to_libav() {
  av_log_set_callback(&ReadLog::on_message);
}

}  // namespace sheaf::media
