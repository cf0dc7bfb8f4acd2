#include "client/progress_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "common/base/text.h"
#include "common/cli/standard_output.h"

namespace sheaf::client {

namespace {

constexpr Duration kBarInterval = std::chrono::milliseconds(100);
constexpr Duration kLineInterval = std::chrono::seconds(5);
constexpr unsigned kColumnsDefault = 80;
constexpr char kClearLine[] = "\r\x1b[K";

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_bar_terminal() {
  const std::string_view term = environment("TERM");
  return ::isatty(STDERR_FILENO) == 1 && !term.empty() && term != "dumb";
}

/// Whether the terminal is set to UTF-8, as POSIX orders the three variables.
bool is_unicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view locale = environment(name);
    if (!locale.empty()) return locale.ends_with("UTF-8") || locale.ends_with("utf8");
  }
  return false;
}

unsigned columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kColumnsDefault;
  return size.ws_col;
}

}  // namespace

ProgressDisplay::ProgressDisplay(std::string who, bool quiet, Instant now)
    : who_(std::move(who)),
      style_(quiet               ? Style::kNone
             : is_bar_terminal() ? Style::kBar
                                 : Style::kLines),
      unicode_(is_unicode()),
      // The first bar at once, the first plain line only when the run turns out to take a while.
      last_shown_(style_ == Style::kBar ? now - kBarInterval : now) {}

void ProgressDisplay::show(Instant now, const ProgressView& view) {
  if (style_ == Style::kNone) return;
  if (now - last_shown_ < (style_ == Style::kBar ? kBarInterval : kLineInterval)) return;
  last_shown_ = now;
  if (style_ == Style::kLines) {
    cli::write_standard_error(who_ + ": " + render_line(view) + "\n");
    return;
  }
  // One column less than there are: a terminal that wraps at the last one would leave a trail of lines.
  std::string line = render_bar(view, columns() - 1, unicode_);
  if (line == drawn_) return;
  cli::write_standard_error(kClearLine + line);
  drawn_ = std::move(line);
}

void ProgressDisplay::say(const std::string& line) {
  const std::string bar = drawn_;
  clear_bar();
  cli::write_standard_error(who_ + ": " + escape_control(line) + "\n");
  if (bar.empty()) return;
  cli::write_standard_error(bar);
  drawn_ = bar;
}

void ProgressDisplay::finish() {
  clear_bar();
  style_ = Style::kNone;
}

void ProgressDisplay::clear_bar() {
  if (drawn_.empty()) return;
  cli::write_standard_error(kClearLine);
  drawn_.clear();
}

}  // namespace sheaf::client
