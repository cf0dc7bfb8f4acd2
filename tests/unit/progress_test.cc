#include "client/progress.h"

#include <gtest/gtest.h>

namespace sheaf::client {
namespace {

using namespace std::chrono_literals;

ProgressView working() {
  ProgressView view;
  view.is_connected = true;
  view.state = v1::RUN_WORKING;
  view.done = 493;
  view.total = 795;
  view.slots = 2;
  view.rate = 148.2;
  return view;
}

/// Columns on a terminal: every character of ours takes one.
std::size_t columns_of(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0u) != 0x80u ? 1 : 0;
  return count;
}

TEST(ProgressTest, DrawsTheBarInFullWhereThereIsRoom) {
  EXPECT_EQ(render_bar(working(), 100, true),
            "  62 % ██████████████████▌             493/795 frames  148 frames/s  0:03 left  2 slots");
  EXPECT_EQ(render_bar(working(), 100, false),
            "  62 % ##################              493/795 frames  148 frames/s  0:03 left  2 slots");
}

TEST(ProgressTest, LeavesOutFromTheRightWhereItIsNarrow) {
  EXPECT_EQ(render_bar(working(), 70, true), "  62 % ████████       493/795 frames  148 frames/s  0:03 left  2 slots");
  EXPECT_EQ(render_bar(working(), 64, true), "  62 %  493/795 frames  148 frames/s  0:03 left  2 slots");
  EXPECT_EQ(render_bar(working(), 48, true), "  62 %  493/795 frames  148 frames/s  0:03 left");
  EXPECT_EQ(render_bar(working(), 30, true), "  62 %  493/795 frames");
  EXPECT_EQ(render_bar(working(), 10, true), "  62 % ");
}

TEST(ProgressTest, CountsWithoutAPercentageWhileNobodyKnowsTheTotal) {
  ProgressView view = working();
  view.total = std::nullopt;
  EXPECT_EQ(percent(view), std::nullopt);
  EXPECT_EQ(time_left(view), std::nullopt);
  EXPECT_EQ(render_line(view), "493 frames, 148 frames/s, 2 slots");
  EXPECT_EQ(render_bar(view, 80, true), "       493 frames  148 frames/s  2 slots");
  view.done = 0;
  view.rate = std::nullopt;
  EXPECT_EQ(render_line(view), "0 frames, 2 slots");
}

TEST(ProgressTest, NeverIsWiderThanTheTerminal) {
  ProgressView starting;
  ProgressView planning = working();
  planning.total = std::nullopt;
  ProgressView finishing = working();
  finishing.state = v1::RUN_FINISHING;
  for (unsigned columns = 1; columns <= 200; ++columns) {
    for (const ProgressView& view : {starting, planning, working(), finishing}) {
      EXPECT_LE(columns_of(render_bar(view, columns, true)), columns);
    }
  }
}

TEST(ProgressTest, SaysWhatGoesOnWhileNothingCanBeCounted) {
  ProgressView view;
  EXPECT_EQ(render_line(view), "starting");
  view.is_connected = true;
  view.state = v1::RUN_PLANNING;
  EXPECT_EQ(render_line(view), "reading the index");
  EXPECT_EQ(render_bar(view, 80, true), "       reading the index");
  view = working();
  view.slots = 0;
  EXPECT_EQ(render_line(view), "62 %, 493/795 frames, waiting for a worker");
  view.other_workers = 1;
  EXPECT_EQ(render_line(view), "62 %, 493/795 frames, waiting for a worker that does this kind of work");
  view.unfit_workers = 2;
  EXPECT_EQ(render_line(view), "62 %, 493/795 frames, waiting for a worker with the libraries of those that began it");
}

TEST(ProgressTest, IsAtAHundredOnlyWhenNothingIsLeft) {
  ProgressView view = working();
  view.done = 795;
  EXPECT_EQ(percent(view), 99u);
  view.state = v1::RUN_FINISHING;
  EXPECT_EQ(render_line(view), "99 %, completing the output");
  EXPECT_EQ(render_bar(view, 80, true), "  99 % completing the output");
  view.state = v1::RUN_DONE;
  EXPECT_EQ(percent(view), 100u);
  view.done = 0;
  view.state = v1::RUN_WORKING;
  EXPECT_EQ(percent(view), 0u);
  view.total = 0;
  EXPECT_EQ(percent(view), std::nullopt);
}

TEST(ProgressTest, GuessesTheRestOnlyFromARate) {
  ProgressView view = working();
  view.done = 595;
  view.rate = 100;
  EXPECT_EQ(time_left(view), Duration(2s));
  EXPECT_EQ(render_line(view), "74 %, 595/795 frames, 100 frames/s, 0:02 left, 2 slots");
  view.rate.reset();
  EXPECT_EQ(time_left(view), std::nullopt);
  EXPECT_EQ(render_line(view), "74 %, 595/795 frames, 2 slots");
  view.rate = 0.05;
  view.slots = 1;
  EXPECT_EQ(render_line(view), "74 %, 595/795 frames, 0.05 frames/s, 1:06:40 left, 1 slot");
}

TEST(RateMeterTest, MeasuresTheLastSeconds) {
  RateMeter meter;
  const Instant start{};
  EXPECT_EQ(meter.rate(), std::nullopt);
  meter.add(start, 0);
  meter.add(start + 100ms, 50);
  EXPECT_EQ(meter.rate(), std::nullopt);  // Too short to tell.
  meter.add(start + 1s, 100);
  EXPECT_DOUBLE_EQ(meter.rate().value_or(0), 100);
  // Ten times slower from now on: the fast beginning is forgotten.
  for (int second = 2; second <= 30; ++second)
    meter.add(start + std::chrono::seconds(second), 100 + 10 * static_cast<std::uint64_t>(second));
  EXPECT_NEAR(meter.rate().value_or(0), 10, 0.001);
}

TEST(RateMeterTest, StartsAfreshWhenTheRunDoes) {
  RateMeter meter;
  const Instant start{};
  meter.add(start, 0);
  meter.add(start + 1s, 1000);
  meter.add(start + 2s, 10);
  EXPECT_EQ(meter.rate(), std::nullopt);
  meter.add(start + 3s, 30);
  EXPECT_DOUBLE_EQ(meter.rate().value_or(0), 20);
}

TEST(ProgressTest, WritesRatesWithAFewDigits) {
  EXPECT_EQ(format_rate(1234.5), "1234");
  EXPECT_EQ(format_rate(10), "10");
  EXPECT_EQ(format_rate(7.26), "7.3");
  EXPECT_EQ(format_rate(0.254), "0.25");
}

}  // namespace
}  // namespace sheaf::client
