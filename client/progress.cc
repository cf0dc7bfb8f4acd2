#include "client/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace sheaf::client {

namespace {

constexpr Duration kRateWindow = std::chrono::seconds(10);
constexpr Duration kRateWindowMin = std::chrono::milliseconds(500);
constexpr std::size_t kSamplesMax = 256;
constexpr unsigned kBarColumnsMin = 8;
constexpr unsigned kBarColumnsMax = 30;

/// What is going on when it cannot be counted; empty while it can.
std::string phase(const ProgressView& view) {
  if (!view.is_connected) return view.has_own_master ? "starting" : "waiting for the master";
  switch (view.state) {
    case v1::RUN_FINISHING: return "completing the output";
    case v1::RUN_WORKING: return "";
    case v1::RUN_DONE: return view.total.value_or(0) > 0 ? "" : "done";
    case v1::RUN_FAILED: return "failed";
    case v1::RUN_CANCELLED: return "stopped";
    default: return "reading the index";
  }
}

std::string format_left(Duration left) {
  const long long whole = std::llround(std::ceil(seconds(left)));
  char text[48];
  if (whole < 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld left", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld left", whole / 3600, whole % 3600 / 60, whole % 60);
  }
  return text;
}

/// 0 to 1; empty while nobody knows how much there will be.
std::optional<double> fraction_of(const ProgressView& view) {
  if (view.total.value_or(0) == 0) return std::nullopt;
  return static_cast<double>(std::min(view.done, *view.total)) / static_cast<double>(*view.total);
}

std::string what_it_waits_for(const ProgressView& view) {
  if (view.unfit_workers > 0) return "waiting for a worker with the libraries of those that began it";
  if (view.other_workers > 0) return "waiting for a worker that does this kind of work";
  return "waiting for a worker";
}

/// What stands behind the percentage, most important first.
std::vector<std::string> parts(const ProgressView& view) {
  std::vector<std::string> texts = {std::to_string(view.done) + (view.total ? "/" + std::to_string(*view.total) : "") + " " +
                                    view.unit};
  if (view.slots == 0 && view.state == v1::RUN_WORKING) {
    texts.push_back(what_it_waits_for(view));
    return texts;
  }
  if (view.rate && *view.rate > 0) texts.push_back(format_rate(*view.rate) + " " + view.unit + "/s");
  if (const std::optional<Duration> left = time_left(view)) texts.push_back(format_left(*left));
  if (view.slots > 0) texts.push_back(std::to_string(view.slots) + (view.slots == 1 ? " slot" : " slots"));
  return texts;
}

std::string bar(double fraction, unsigned columns, bool unicode) {
  static const char* const kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const unsigned steps = unicode ? 8 : 1;
  const auto filled = static_cast<unsigned>(fraction * columns * steps);
  std::string text;
  for (unsigned i = 0; i < filled / steps; ++i) text += unicode ? "█" : "#";
  unsigned used = filled / steps;
  if (unicode && filled % steps != 0) {
    text += kEighths[filled % steps];
    ++used;
  }
  return text + std::string(columns - used, ' ');
}

}  // namespace

void RateMeter::add(Instant now, std::uint64_t done) {
  if (!samples_.empty() && done < samples_.back().second) samples_.clear();
  samples_.emplace_back(now, done);
  while (samples_.size() > kSamplesMax || (samples_.size() > 2 && now - samples_[1].first >= kRateWindow)) samples_.pop_front();
}

std::optional<double> RateMeter::rate() const {
  if (samples_.empty()) return std::nullopt;
  const auto& [begin, done_before] = samples_.front();
  const auto& [end, done_now] = samples_.back();
  if (end - begin < kRateWindowMin || done_now == done_before) return std::nullopt;
  return static_cast<double>(done_now - done_before) / seconds(end - begin);
}

std::optional<unsigned> percent(const ProgressView& view) {
  const std::optional<double> fraction = fraction_of(view);
  if (!fraction) return std::nullopt;
  const auto whole = static_cast<unsigned>(*fraction * 100.0);
  // All jobs may be done while the output is not complete: that is not 100 % of what the user waits for.
  return view.state == v1::RUN_DONE ? 100 : std::min(whole, 99u);
}

std::optional<Duration> time_left(const ProgressView& view) {
  if (!view.rate || *view.rate <= 0 || view.done == 0 || !view.total || view.done >= *view.total) return std::nullopt;
  const double left = static_cast<double>(*view.total - view.done) / *view.rate;
  if (left > 1e6) return std::nullopt;  // Twelve days: that is no estimate any more.
  return Duration(static_cast<std::int64_t>(left * 1e9));
}

std::string format_rate(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, rate >= 9.95 ? "%.0f" : rate >= 0.995 ? "%.1f" : "%.2f", rate);
  return text;
}

std::string render_bar(const ProgressView& view, unsigned columns, bool unicode) {
  const std::string now = phase(view);
  const std::optional<unsigned> whole = percent(view);
  if (!now.empty() && (!whole || view.state != v1::RUN_FINISHING)) {
    return ("       " + now).substr(0, columns);
  }
  char head[16] = "      ";  // As wide as a percentage; what is behind it stands in the same place.
  if (whole) std::snprintf(head, sizeof head, " %3u %% ", *whole);
  if (!now.empty()) return (head + now).substr(0, columns);

  std::string tail;
  std::size_t tail_columns = 0;
  const std::size_t head_columns = std::string(head).size();
  for (const std::string& part : parts(view)) {  // ASCII: one column a byte.
    if (head_columns + tail_columns + 2 + part.size() > columns) break;
    tail += "  " + part;
    tail_columns += 2 + part.size();
  }
  const std::size_t room = columns - std::min<std::size_t>(columns, head_columns + tail_columns);
  if (!whole || room < kBarColumnsMin) return (head + (tail.empty() ? "" : tail.substr(1))).substr(0, columns);
  const auto width = static_cast<unsigned>(std::min<std::size_t>(room, kBarColumnsMax));
  return head + bar(fraction_of(view).value_or(0), width, unicode) + tail;
}

std::string render_line(const ProgressView& view) {
  const std::string now = phase(view);
  const std::optional<unsigned> whole = percent(view);
  std::string line = whole && (now.empty() || view.state == v1::RUN_FINISHING) ? std::to_string(*whole) + " %" : "";
  if (!now.empty()) return line + (line.empty() ? "" : ", ") + now;
  for (const std::string& part : parts(view)) line += (line.empty() ? "" : ", ") + part;
  return line;
}

}  // namespace sheaf::client
