#pragma once

#include <string>

#include "client/progress.h"

namespace sheaf::client {

/// Shows progress on stderr: a bar that is redrawn on a terminal, a plain line every few seconds elsewhere, nothing when quiet.
/// All other lines of the command go through it while it lives, so that they do not end up inside the bar.
///
/// The main thread makes every call.
class ProgressDisplay {
 public:
  /// `who`: begins every line, "sheaf video".
  ProgressDisplay(std::string who, bool quiet, Instant now);
  ~ProgressDisplay() { finish(); }
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  /// The run is that far; drawn at most ten times a second.
  void show(Instant now, const ProgressView& view);
  /// One line for people, above the bar; also when quiet: it is something that they must know.
  void say(const std::string& line);
  /// Takes the bar away. Nothing is shown afterwards.
  void finish();

 private:
  enum class Style { kNone, kBar, kLines };
  void clear_bar();

  std::string who_;
  Style style_;
  bool unicode_;
  Instant last_shown_;
  std::string drawn_;  ///< What stands on the terminal's last line.
};

}  // namespace sheaf::client
