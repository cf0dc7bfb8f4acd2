#include "common/media/read_log.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <string_view>
#include <utility>

extern "C" {
#include <libavutil/log.h>
}

namespace sheaf::media {

namespace {

thread_local ReadLog* current = nullptr;

/// Said as a warning, and yet a loss: part of the file has been jumped over.
constexpr std::string_view kLosses[] = {"edit unit sync lost"};

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
  if (current == nullptr || level > AV_LOG_WARNING || !current->complaint_.empty() || !is_demuxer(sender)) return;
  std::array<char, 256> buffer;
  std::vsnprintf(buffer.data(), buffer.size(), format, arguments);
  std::string_view text = buffer.data();
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.remove_suffix(1);
  bool is_loss = level <= AV_LOG_ERROR;
  for (const std::string_view loss : kLosses) is_loss |= text.starts_with(loss);
  if (is_loss) current->complaint_ = text;
}

void listen_to_libav() {
  av_log_set_callback(&ReadLog::on_message);
}

}  // namespace sheaf::media
