#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sheaf::e2e {

/// Seconds as a fraction in its lowest terms, so that equal times are equal values.
struct Seconds {
  std::int64_t numerator = 0;
  std::int64_t denominator = 1;

  static Seconds of(std::int64_t ticks, std::int64_t base_numerator, std::int64_t base_denominator);
  double approximate() const { return static_cast<double>(numerator) / static_cast<double>(denominator); }
  bool operator==(const Seconds&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Seconds& seconds);

/// Whether `a` and `b` are at most half a millisecond apart: what is left of a time in Matroska.
bool is_same_millisecond(const Seconds& a, const Seconds& b);

/// One line of ffmpeg's framemd5.
struct Line {
  Seconds pts;
  std::string hash;
};

/// What ffmpeg decodes of the first video stream, in `pixel_format`.
std::vector<Line> frames_of(const std::string& path, const std::string& pixel_format);
/// The packets of a stream as they are ("0:a:0"), with their times.
std::vector<Line> packets_of(const std::string& path, const std::string& stream);

/// The pixel format in which the frames of `path` are compared with those of `output`: the output's own, without the padding
/// byte of bgr0, and of full range where the samples of `path` are. (ffmpeg squeezes them into the limited range when it is
/// asked for the plain name; and a .mov with ffv1 has no place to say which range it is.)
std::string comparable_format(const std::string& path, const std::string& output);

/// `ffprobe -show_streams -show_format -show_chapters`.
nlohmann::json probe(const std::string& path);
/// The streams of it that are of the type "video", "audio" or "subtitle".
std::vector<nlohmann::json> streams_of(const nlohmann::json& probed, const std::string& type);

/// Fails the test unless every frame of `input` is in `output`, bit for bit, at its own time, and nothing else.
void expect_same_frames(const std::string& input, const std::string& output);
/// The same, for a caller that has decoded the input already (in its comparable_format()).
void expect_same_frames(const std::vector<Line>& expected, const std::string& output);
/// Fails the test unless the packets of the stream are the same, at the same times.
void expect_same_packets(const std::string& input, const std::string& output, const std::string& stream);

}  // namespace sheaf::e2e
