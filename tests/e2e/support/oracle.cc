#include "tests/e2e/support/oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <sstream>

#include "tests/e2e/support/process.h"

namespace sheaf::e2e {

namespace {

std::vector<Line> parse(const std::string& text) {
  std::vector<Line> lines;
  long long base_numerator = 0;
  long long base_denominator = 1;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (std::sscanf(line.c_str(), "#tb 0: %lld/%lld", &base_numerator, &base_denominator) == 2) continue;
    long long pts = 0;
    char hash[64] = {};
    if (std::sscanf(line.c_str(), "0, %*d, %lld, %*d, %*d, %63[0-9a-f]", &pts, hash) != 2) continue;
    lines.push_back({Seconds::of(pts, base_numerator, base_denominator), hash});
  }
  return lines;
}

void expect_same_lines(const std::vector<Line>& expected, const std::vector<Line>& actual, bool is_in_milliseconds) {
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
    ASSERT_EQ(actual[i].hash, expected[i].hash) << "number " << i;
    if (is_in_milliseconds) {
      ASSERT_TRUE(is_same_millisecond(actual[i].pts, expected[i].pts))
          << "number " << i << ": " << actual[i].pts << " and " << expected[i].pts;
    } else {
      ASSERT_EQ(actual[i].pts, expected[i].pts) << "number " << i;
    }
  }
}

bool is_matroska(const std::string& path) {
  return path.ends_with(".mkv") || path.ends_with(".webm");
}

}  // namespace

Seconds Seconds::of(std::int64_t ticks, std::int64_t base_numerator, std::int64_t base_denominator) {
  const std::int64_t numerator = ticks * base_numerator;
  const std::int64_t divisor = std::max<std::int64_t>(1, std::gcd(numerator, base_denominator));
  return {numerator / divisor, base_denominator / divisor};
}

std::ostream& operator<<(std::ostream& out, const Seconds& seconds) {
  return out << seconds.numerator << "/" << seconds.denominator << " s";
}

bool is_same_millisecond(const Seconds& a, const Seconds& b) {
  const std::int64_t difference = std::abs(a.numerator * b.denominator - b.numerator * a.denominator);
  return difference * 2000 <= a.denominator * b.denominator;
}

std::vector<Line> frames_of(const std::string& path, const std::string& pixel_format) {
  return parse(
      output_of({"ffmpeg", "-nostdin", "-v", "error", "-noautorotate", "-copyts", "-i", path, "-map", "0:v:0", "-fps_mode",
                 "passthrough", "-enc_time_base", "-1", "-pix_fmt", pixel_format, "-f", "framemd5", "-"}));
}

std::vector<Line> packets_of(const std::string& path, const std::string& stream) {
  return parse(output_of(
      {"ffmpeg", "-nostdin", "-v", "error", "-copyts", "-i", path, "-map", stream, "-c", "copy", "-f", "framemd5", "-"}));
}

std::string comparable_format(const std::string& path, const std::string& output) {
  const nlohmann::json video = streams_of(probe(path), "video").at(0);
  const bool is_full_range = video.value("pix_fmt", "").starts_with("yuvj") || video.value("color_range", "") == "pc";
  const std::string format = streams_of(probe(output), "video").at(0).value("pix_fmt", "");
  if (format == "bgr0") return "rgb24";
  if (format.starts_with("yuv4") && is_full_range) return "yuvj" + format.substr(3);
  return format;
}

nlohmann::json probe(const std::string& path) {
  return nlohmann::json::parse(
      output_of({"ffprobe", "-v", "error", "-show_streams", "-show_format", "-show_chapters", "-of", "json", path}));
}

std::vector<nlohmann::json> streams_of(const nlohmann::json& probed, const std::string& type) {
  std::vector<nlohmann::json> streams;
  for (const nlohmann::json& stream : probed.at("streams")) {
    if (stream.value("codec_type", "") == type) streams.push_back(stream);
  }
  return streams;
}

void expect_same_frames(const std::vector<Line>& expected, const std::string& output) {
  expect_same_lines(expected, frames_of(output, comparable_format(output, output)), is_matroska(output));
}

void expect_same_frames(const std::string& input, const std::string& output) {
  expect_same_frames(frames_of(input, comparable_format(input, output)), output);
}

void expect_same_packets(const std::string& input, const std::string& output, const std::string& stream) {
  SCOPED_TRACE(output + ", stream " + stream);
  expect_same_lines(packets_of(input, stream), packets_of(output, stream), is_matroska(output));
}

}  // namespace sheaf::e2e
