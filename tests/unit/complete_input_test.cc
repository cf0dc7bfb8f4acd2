// A file that breaks off, or that has a hole, is refused: one of each container, broken at twenty places, with zeros at ten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "common/media/packet_index.h"
#include "tests/unit/media_fixture.h"

namespace sheaf {
namespace {

using test::make_file;
using test::scratch;
using ::testing::HasSubstr;

constexpr std::uint32_t kFrames = 100;
const std::string kPicture = "-f lavfi -i testsrc2=s=160x120:r=25:d=4 -g 25 ";
const std::string kSound = "-f lavfi -i testsrc2=s=160x120:r=25:d=4 -f lavfi -i sine=d=4:r=48000 -g 25 ";

struct Container {
  const char* name;
  std::string file;
  std::string arguments;
};

std::string name_of(const testing::TestParamInfo<Container>& tested) {
  return tested.param.name;
}

const Container kContainers[] = {
    {"Matroska", "a.mkv", kSound + "-c:v libx264 -c:a aac"},
    {"MatroskaFromThreeSeconds", "late.mkv", kSound + "-c:v libx264 -c:a aac -output_ts_offset 3"},
    {"Webm", "a.webm", kSound + "-c:v libvpx -deadline realtime -c:a libvorbis"},
    {"LiveWebm", "live.webm", kPicture + "-c:v libvpx -deadline realtime -live 1"},
    {"Flv", "a.flv", kSound + "-c:v libx264 -c:a aac"},
    {"Mp4", "a.mp4", kSound + "-c:v libx264 -c:a aac"},
    {"Mp4IndexFirst", "first.mp4", kSound + "-c:v libx264 -c:a aac -movflags +faststart"},
    {"Mp4Fragments", "fragments.mp4", kSound + "-c:v libx264 -c:a aac -movflags frag_keyframe+empty_moov"},
    {"Mxf", "a.mxf", kSound + "-c:v mpeg2video -c:a pcm_s16le"},
    {"Avi", "a.avi", kSound + "-c:v mpeg4 -c:a mp2"},
    {"AviFromAPipe", "piped.avi", kSound + "-c:v mpeg4 -c:a mp2 -f avi - | cat >"},
    {"Ogg", "a.ogv", kSound + "-c:v libtheora -c:a libvorbis"},
    {"Nut", "a.nut", kSound + "-c:v mpeg4 -c:a mp2"},
    {"Asf", "a.wmv", kSound + "-c:v wmv2 -c:a wmav2"},
    {"TransportStream", "a.ts", kSound + "-c:v libx264 -c:a mp2"},
    {"TransportStreamOfDiscs", "a.m2ts", kSound + "-c:v libx264 -c:a ac3 -mpegts_m2ts_mode 1"},
    {"ProgramStream", "a.mpg", kSound + "-c:v mpeg2video -c:a mp2"},
};

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class CompleteInputTest : public testing::TestWithParam<Container> {
 protected:
  void SetUp() override {
    media::set_up_libav();
    whole_ = read_file(make_file(GetParam().file, GetParam().arguments));
    path_ = scratch() + "/broken-" + GetParam().file;
  }

  Result<media::PacketIndex> index_of(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    auto file = media::InputFile::open(path_);
    if (!file) return propagate(file);
    auto input = media::Input::open(*file, media::Input::Purpose::kIndex);
    if (!input) return propagate(input);
    return media::PacketIndex::build(*input);
  }

  std::string whole_;
  std::string path_;
};

TEST_P(CompleteInputTest, TakesTheWholeFile) {
  const auto index = index_of(whole_);
  ASSERT_TRUE(index) << index.error().message();
  EXPECT_EQ(index->frames(), kFrames);
}

TEST_P(CompleteInputTest, RefusesAFileThatBreaksOff) {
  for (std::size_t i = 1; i <= 20; ++i) {
    // Odd: a transport stream that ends with a packet has a clean end.
    const std::size_t size = whole_.size() * i / 21 | 1;
    const auto index = index_of(whole_.substr(0, size));
    ASSERT_FALSE(index) << "the first " << size << " of " << whole_.size() << " bytes pass for " << index->frames()
                        << " frames";
    EXPECT_EQ(index.error().code, ErrorCode::kInput);
  }
}

TEST_P(CompleteInputTest, LosesNothingInAHoleWithoutAWord) {
  for (std::size_t i = 1; i <= 10; ++i) {
    const std::size_t begin = whole_.size() * i / 11;
    const std::size_t size = whole_.size() / 40;
    std::string holed = whole_;
    holed.replace(begin, size, size, '\0');
    // Where the zeros lie within pictures the index is whole, and the decoder will say so.
    const auto index = index_of(holed);
    EXPECT_TRUE(!index || index->frames() == kFrames) << size << " zeros at " << begin;
  }
}

INSTANTIATE_TEST_SUITE_P(Containers, CompleteInputTest, testing::ValuesIn(kContainers), name_of);

TEST(CompleteInputMessageTest, SaysThatTheClockJumpsBack) {
  media::set_up_libav();
  const std::string piece = read_file(make_file("piece.ts", kPicture + "-c:v libx264"));
  const std::string path = scratch() + "/two.ts";
  std::ofstream(path, std::ios::binary) << piece << piece;
  auto input = media::Input::open(*media::InputFile::open(path), media::Input::Purpose::kIndex);
  ASSERT_TRUE(input);
  const auto index = media::PacketIndex::build(*input);
  ASSERT_FALSE(index);
  EXPECT_THAT(index.error().what,
              testing::MatchesRegex("the clock of stream 0 \\(h264 video\\) jumps back from 5\\.[0-9]+ s to "
                                    "1\\.[0-9]+ s near byte [0-9]+: are these recordings one after the other\\?"));
}

TEST(CompleteInputMessageTest, SaysHowMuchIsThereHowMuchWasAnnouncedAndWhere) {
  media::set_up_libav();
  const std::string whole = read_file(make_file("said.mkv", kPicture + "-c:v libx264"));
  const std::string path = scratch() + "/half.mkv";
  std::ofstream(path, std::ios::binary) << whole.substr(0, whole.size() / 2);
  auto input = media::Input::open(*media::InputFile::open(path), media::Input::Purpose::kIndex);
  ASSERT_TRUE(input);
  const auto index = media::PacketIndex::build(*input);
  ASSERT_FALSE(index);
  EXPECT_THAT(index.error().what, testing::MatchesRegex("the file is damaged or incomplete: [12]\\.[0-9]+ s of it can be read, "
                                                        "4\\.00 s were announced; it breaks near byte [0-9]+ "
                                                        "\\(File ended prematurely.*\\)"));
  EXPECT_EQ(index.error().where, path);
}

}  // namespace
}  // namespace sheaf
