#include "common/base/text.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sheaf {
namespace {

using namespace std::chrono_literals;

TEST(TextTest, EscapesWhatCouldMoveACursor) {
  EXPECT_EQ(escape_control("plain caf\xc3\xa9"), "plain caf\xc3\xa9");
  EXPECT_EQ(escape_control("a\nb\tc"), "a\\nb\\tc");
  EXPECT_EQ(escape_control(std::string_view("\x1b[2J\x7f\0", 6)), "\\x1b[2J\\x7f\\x00");
}

TEST(TextTest, MakesUtf8OfAnyBytes) {
  EXPECT_EQ(valid_utf8("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\xbe"), "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\xbe");
  EXPECT_EQ(valid_utf8("caf\xe9"), "caf?");
  EXPECT_EQ(valid_utf8("\xc3"), "?");                 // Cut off.
  EXPECT_EQ(valid_utf8("\xc0\x80"), "??");            // An overlong zero.
  EXPECT_EQ(valid_utf8("\xed\xa0\x80"), "???");       // A surrogate.
  EXPECT_EQ(valid_utf8("\xf4\x90\x80\x80"), "????");  // Beyond U+10FFFF.
  EXPECT_EQ(valid_utf8(""), "");
}

TEST(TextTest, ReadsDurations) {
  EXPECT_EQ(*parse_duration("500ms"), 500ms);
  EXPECT_EQ(*parse_duration("5s"), 5s);
  EXPECT_EQ(*parse_duration("2m"), 2min);
  EXPECT_EQ(*parse_duration("1h"), 1h);
  EXPECT_EQ(*parse_duration("90"), 90s);
  EXPECT_EQ(*parse_duration("0.25"), 250ms);
  EXPECT_EQ(*parse_duration("0"), 0s);
}

TEST(TextTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "five", "-1s", "5 s", "5d", "5ss", "inf", "nan", "1e300h", "0x10"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().code, ErrorCode::kUsage);
    EXPECT_NE(duration.error().what.find('"' + std::string(text) + '"'), std::string::npos) << duration.error().what;
  }
}

TEST(TextTest, ReadsSizes) {
  EXPECT_EQ(*parse_size("300"), 300u);
  EXPECT_EQ(*parse_size("4K"), 4096u);
  EXPECT_EQ(*parse_size("2M"), 2u << 20);
  EXPECT_EQ(*parse_size("1G"), 1u << 30);
  EXPECT_EQ(*parse_size("1.5K"), 1536u);
}

TEST(TextTest, RefusesWhatIsNoSize) {
  for (const char* text : {"", "K", "4k", "4KB", "-4", "4 K", "1e30G"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(TextTest, SaysSizesToPeople) {
  EXPECT_EQ(format_bytes(0), "0 bytes");
  EXPECT_EQ(format_bytes(999), "999 bytes");
  EXPECT_EQ(format_bytes(1000), "1.0 kB");
  EXPECT_EQ(format_bytes(2'040'000), "2.0 MB");
  EXPECT_EQ(format_bytes(5'000'000'000), "5.0 GB");
}

TEST(TextTest, SaysDurationsToPeople) {
  EXPECT_EQ(format_duration(5300ms), "5.3 s");
  EXPECT_EQ(format_duration(125s), "2 min 05 s");
  EXPECT_EQ(format_duration(3720s), "1 h 02 min");
  EXPECT_EQ(format_duration(3599s + 700ms), "1 h 00 min");
}

TEST(TextTest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> ops = {"blur", "gray", "edges"};
  EXPECT_EQ(closest("blurr", ops), "blur");
  EXPECT_EQ(closest("grey", ops), "gray");
  EXPECT_EQ(closest("egdes", ops), "edges");
  EXPECT_EQ(closest("blur", ops), "blur");
  EXPECT_EQ(closest("sharpen", ops), "");
  EXPECT_EQ(closest("blur", {}), "");
}

TEST(TextTest, KeepsWhatIsUtf8AndReplacesTheRest) {
  EXPECT_EQ(valid_utf8("grün \xE2\x82\xAC \xF0\x9F\x8E\xAC"), "grün \xE2\x82\xAC \xF0\x9F\x8E\xAC");
  EXPECT_EQ(valid_utf8("a\xFFz"), "a?z");
  EXPECT_EQ(valid_utf8("cut \xE2\x82"), "cut ??");
  EXPECT_EQ(valid_utf8("\xC0\x80"), "??");            // Overlong.
  EXPECT_EQ(valid_utf8("\xE0\x80\x80"), "???");       // Overlong.
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "???");       // A surrogate.
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), "????");  // Beyond U+10FFFF.
  EXPECT_EQ(valid_utf8("\x80"), "?");
}

}  // namespace
}  // namespace sheaf
