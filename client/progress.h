#pragma once

/// How far a run is, as a line of text. Pure: the terminal is progress_display.h.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "common/base/time.h"
#include "sheaf/v1/wire.pb.h"

namespace sheaf::client {

/// How fast it goes: over the last seconds, because results come in bursts of a whole job, and because the beginning (loading,
/// reading the index) says nothing about the end.
class RateMeter {
 public:
  /// `done` units at `now`. A value below the last one starts afresh: the run was begun again.
  void add(Instant now, std::uint64_t done);
  /// Units a second; empty until there is something to tell it from.
  std::optional<double> rate() const;

 private:
  std::deque<std::pair<Instant, std::uint64_t>> samples_;
};

/// All that a line of progress is made of.
struct ProgressView {
  bool is_connected = false;   ///< The master has answered.
  bool has_own_master = true;  ///< Of a private cluster.
  v1::RunState state = v1::RUN_STATE_UNSPECIFIED;
  std::string unit = "frames";
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total;  ///< Empty: not known yet.
  std::uint32_t slots = 0;
  std::uint32_t unfit_workers = 0;  ///< Others that may not go on with what was begun.
  std::uint32_t other_workers = 0;  ///< Others that do not do this kind of work.
  std::optional<double> rate;
};

/// Whole per cent, rounded down: 100 only when nothing is left to do. Empty while the total is not known.
std::optional<unsigned> percent(const ProgressView& view);

/// What is left at that rate; empty while nobody can know.
std::optional<Duration> time_left(const ProgressView& view);

/// "148", "7.3", "0.25": three digits are enough for people.
std::string format_rate(double rate);

/// `  62 % ███████▌     493/795 frames  148 frames/s  0:02 left  2 slots`, at most `columns` wide: parts are left out from
/// the right, then the bar. `unicode`: the terminal shows block characters; otherwise '#'.
std::string render_bar(const ProgressView& view, unsigned columns, bool unicode);

/// `62 %, 493/795 frames, 148 frames/s, 0:02 left, 2 slots`: for logs and pipes.
std::string render_line(const ProgressView& view);

}  // namespace sheaf::client
