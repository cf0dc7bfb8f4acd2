#include "tests/sim/trace.h"

#include <cstdio>
#include <span>

#include "sheaf/v1/wire.pb.h"

namespace sheaf::sim {

void Trace::add(Instant now, std::string_view text) {
  const std::int64_t time = now.time_since_epoch().count();
  hasher_.update(std::as_bytes(std::span(&time, 1)));
  hasher_.update(std::as_bytes(std::span(text.data(), text.size())));
}

void Trace::note(Instant now, std::string_view what) {
  add(now, what);
  if (is_printed_) std::printf("%10.6f %.*s\n", seconds(now.time_since_epoch()), static_cast<int>(what.size()), what.data());
}

void Trace::message(Instant now, std::string_view way, const std::vector<Bytes>& frames) {
  add(now, way);
  // The header has the digest of every payload that is not a part, and of a part its place.
  add(now, frames.front());
  for (const Bytes& frame : frames) add(now, std::to_string(frame.size()));
  if (!is_printed_) return;
  v1::Envelope envelope;
  const bool is_parsed = envelope.ParseFromArray(frames.front().data(), static_cast<int>(frames.front().size()));
  const std::string text = is_parsed ? envelope.ShortDebugString() : std::string("?");
  std::printf("%10.6f %.*s %s\n", seconds(now.time_since_epoch()), static_cast<int>(way.size()), way.data(), text.c_str());
}

}  // namespace sheaf::sim
