// What is not video comes through untouched, and lies in the file where a player expects it.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "tests/e2e/support/corpus.h"
#include "tests/e2e/support/e2e_test.h"
#include "tests/e2e/support/oracle.h"

namespace sheaf::e2e {
namespace {

using ::testing::HasSubstr;

constexpr double kAheadSecondsMax = 1.1;

constexpr char kMetadata[] =
    ";FFMETADATA1\ntitle=A short film\ncomment=Made for a test\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1500\ntitle=Beginning\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1500\nEND=4000\ntitle=End\n";
constexpr char kSubtitles[] =
    "1\n00:00:00,500 --> 00:00:01,500\nHello\n\n2\n00:00:02,000 --> 00:00:03,250\nGood-bye, and thanks\n\n";

class StreamsTest : public E2eTest {
 protected:
  /// Video, two audio tracks of different languages, subtitles, chapters, titles.
  std::string make_rich(const std::string& name, const std::string& subtitle_codec) const {
    write_file(path("metadata.txt"), kMetadata);
    write_file(path("subtitles.srt"), kSubtitles);
    const std::string made = path(name);
    output_of({"ffmpeg",
               "-nostdin",
               "-v",
               "error",
               "-y",
               "-f",
               "lavfi",
               "-i",
               "testsrc2=s=160x120:r=25:d=4",
               "-f",
               "lavfi",
               "-i",
               "sine=f=440:d=4",
               "-f",
               "lavfi",
               "-i",
               "sine=f=660:d=3",
               "-i",
               path("subtitles.srt"),
               "-i",
               path("metadata.txt"),
               "-map",
               "0:v",
               "-map",
               "1:a",
               "-map",
               "2:a",
               "-map",
               "3:s",
               "-map_metadata",
               "4",
               "-map_chapters",
               "4",
               "-c:v",
               "libx264",
               "-preset",
               "veryfast",
               "-g",
               "25",
               "-c:a",
               "aac",
               "-c:s",
               subtitle_codec,
               "-metadata:s:a:0",
               "language=eng",
               "-metadata:s:a:1",
               "language=deu",
               "-metadata:s:s:0",
               "language=fra",
               "-disposition:a:0",
               "0",
               "-disposition:a:1",
               "default",
               made});
    return made;
  }

  void expect_same_surroundings(const std::string& input, const std::string& made) const {
    const nlohmann::json before = probe(input);
    const nlohmann::json after = probe(made);
    ASSERT_EQ(after["streams"].size(), before["streams"].size());
    for (std::size_t i = 0; i < before["streams"].size(); ++i) {
      const nlohmann::json& was = before["streams"][i];
      const nlohmann::json& is = after["streams"][i];
      EXPECT_EQ(is["codec_type"], was["codec_type"]) << i;
      EXPECT_EQ(is["disposition"], was["disposition"]) << i;
      EXPECT_EQ(is["tags"].value("language", ""), was["tags"].value("language", "")) << i;
      if (was["codec_type"] != "video") {
        EXPECT_EQ(is["codec_name"], was["codec_name"]) << i;
      }
    }
    ASSERT_EQ(after["chapters"].size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(after["chapters"][i]["start_time"], before["chapters"][i]["start_time"]);
      EXPECT_EQ(after["chapters"][i]["end_time"], before["chapters"][i]["end_time"]);
      EXPECT_EQ(after["chapters"][i]["tags"]["title"], before["chapters"][i]["tags"]["title"]);
    }
    // Matroska writes the names of tags in capitals.
    std::map<std::string, std::string> tags;
    for (const auto& [key, value] : after["format"]["tags"].items()) {
      std::string name = key;
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      tags[name] = value.get<std::string>();
    }
    EXPECT_EQ(tags["title"], "A short film");
    EXPECT_EQ(tags["comment"], "Made for a test");
    for (const char* stream : {"0:a:0", "0:a:1", "0:s:0"}) expect_same_packets(input, made, stream);
  }

  /// No packet stands in the file behind one of another stream that is due more than a second later.
  void expect_interleaved(const std::string& made) const {
    const auto probed = nlohmann::json::parse(
        output_of({"ffprobe", "-v", "error", "-show_entries", "packet=codec_type,dts_time,pts_time,pos", "-of", "json", made}));
    std::vector<nlohmann::json> packets = probed.at("packets");
    std::stable_sort(packets.begin(), packets.end(), [](const nlohmann::json& a, const nlohmann::json& b) {
      return std::stoll(a.at("pos").get<std::string>()) < std::stoll(b.at("pos").get<std::string>());
    });
    std::map<std::string, double> reached = {{"video", 0}, {"audio", 0}};
    std::map<std::string, int> count;
    for (const nlohmann::json& packet : packets) {
      const std::string type = packet.at("codec_type");
      // Matroska keeps no dts of the first pictures before a B-frame; their pts is not far.
      const double time = std::stod(packet.at(packet.contains("dts_time") ? "dts_time" : "pts_time").get<std::string>());
      ASSERT_LE(reached[type == "video" ? "audio" : "video"] - time, kAheadSecondsMax) << packet.dump();
      reached[type] = std::max(reached[type], time);
      count[type] += 1;
    }
    EXPECT_GT(count["video"], 100);
    EXPECT_GT(count["audio"], 100);
  }
};

TEST_F(StreamsTest, ComeThroughMp4) {
  const std::string input = make_rich("rich.mp4", "mov_text");
  make(input, output("out.mp4"), {"--op", "blur", "--chunk", "20"});
  expect_same_surroundings(input, output("out.mp4"));
  make(input, output("exact.mov"), {"--op", "copy", "--codec", "ffv1", "--chunk", "20"});
  expect_same_frames(input, output("exact.mov"));
  for (const char* stream : {"0:a:0", "0:a:1"}) expect_same_packets(input, output("exact.mov"), stream);
}

TEST_F(StreamsTest, ComeThroughMatroska) {
  const std::string input = make_rich("rich.mkv", "srt");
  make(input, output("out.mkv"), {"--op", "blur", "--chunk", "20"});
  expect_same_surroundings(input, output("out.mkv"));
}

TEST_F(StreamsTest, ComeThroughWhenTheClientBinds) {
  const std::string input = make_rich("rich.mp4", "mov_text");
  make(input, output("out.mp4"), {"--op", "blur", "--chunk", "20", "--stage", "client"});
  expect_same_surroundings(input, output("out.mp4"));
}

TEST_F(StreamsTest, OfRealFootageComeThrough) {
  for (const char* name : {"Realshort", "Cockatoo"}) {
    const std::string input = path_of(footage(name));
    make(input, output("out.mp4"), {"--op", "resize:width=160,height=120", "--preset", "ultrafast", "--overwrite"});
    expect_same_packets(input, output("out.mp4"), "0:a:0");
    EXPECT_EQ(frames_of(output("out.mp4"), "yuv420p").size(), frames_of(input, "yuv420p").size());
  }
}

TEST_F(StreamsTest, LieWhereAPlayerExpectsThem) {
  const std::string input = path_of({"Long",
                                     "long_with_audio.mp4",
                                     {"-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=24", "-f", "lavfi", "-i", "sine=d=24",
                                      "-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-c:a", "aac"}});
  for (const std::string ending : {".mp4", ".mkv"}) {
    SCOPED_TRACE(ending);
    make(input, output("out" + ending), {"--op", "blur", "--chunk", "25", "--workers", "3"});
    expect_interleaved(output("out" + ending));
    expect_same_packets(input, output("out" + ending), "0:a:0");
  }
}

TEST_F(StreamsTest, KeepTheRotationOfTheVideo) {
  const std::string plain = path_of(footage("H264Closed"));
  const std::string input = path("rotated.mp4");
  output_of({"ffmpeg", "-nostdin", "-v", "error", "-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=90", input});
  const auto rotation_of = [](const std::string& file) {
    const nlohmann::json video = streams_of(probe(file), "video").at(0);
    for (const nlohmann::json& side_data : video.value("side_data_list", nlohmann::json::array())) {
      if (side_data.contains("rotation")) return side_data["rotation"].get<int>();
    }
    return 0;
  };
  ASSERT_NE(rotation_of(input), 0);
  make(input, output("out.mp4"), {"--op", "copy"});
  EXPECT_EQ(rotation_of(output("out.mp4")), rotation_of(input));
}

TEST_F(StreamsTest, ThatOnlyDescribeTheContainerAreLeftOutWithALine) {
  const std::string input =
      path_of({"Timecode",
               "timecode.mov",
               {"-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=1", "-c:v", "libx264", "-timecode", "01:00:00:00"}});
  ASSERT_EQ(probe(input)["streams"].size(), 2U);
  const Finished finished = run_sheaf({"video", input, "-o", output("out.mkv"), "--op", "copy"});
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("is left out: a time code track"));
  EXPECT_EQ(probe(output("out.mkv"))["streams"].size(), 1U);
}

}  // namespace
}  // namespace sheaf::e2e
