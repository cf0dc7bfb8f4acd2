#include "stage/video/cut_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace sheaf::stage {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

/// A video as its index shows it, put together packet by packet in decode order.
struct Video {
  std::vector<std::int64_t> pts;
  std::vector<std::uint32_t> sizes;
  std::vector<std::uint8_t> flags;
  std::vector<std::uint32_t> frame_packets;

  void add(std::int64_t time, bool is_key, bool is_discarded = false, std::uint32_t size = 1000) {
    pts.push_back(time);
    sizes.push_back(size);
    flags.push_back(static_cast<std::uint8_t>((is_key ? CutInput::kKey : 0) | (is_discarded ? CutInput::kDiscard : 0)));
  }
  /// A GOP without reordering.
  void add_gop(int frames, std::int64_t step = 10, std::uint32_t key_size = 1000) {
    for (int i = 0; i < frames; ++i) add(pts.empty() ? 0 : pts.back() + step, i == 0, false, i == 0 ? key_size : 1000);
  }
  std::vector<JobCut> cut(CutOptions options = {.frame_cost = 10}) {
    frame_packets.clear();
    for (std::uint32_t i = 0; i < pts.size(); ++i) {
      if ((flags[i] & CutInput::kDiscard) == 0) frame_packets.push_back(i);
    }
    std::sort(frame_packets.begin(), frame_packets.end(), [&](auto a, auto b) { return pts[a] < pts[b]; });
    return plan_cuts({pts, sizes, flags, frame_packets}, options);
  }
};

/// An open GOP of 12 frames, I B B P B B P ...: the B pictures after each key but the first are shown before it.
Video open_gops(int gops) {
  Video video;
  for (int g = 0; g < gops; ++g) {
    for (int i = 0; i < 12; i += 3) {
      const std::int64_t shown = g * 12 + i;
      video.add(shown * 10, i == 0);
      if (shown == 0) continue;
      video.add((shown - 2) * 10, false);
      video.add((shown - 1) * 10, false);
    }
  }
  return video;
}

std::vector<std::uint32_t> lengths(const std::vector<JobCut>& jobs) {
  std::vector<std::uint32_t> result;
  for (const JobCut& job : jobs) result.push_back(job.end_frame - job.first_frame);
  return result;
}

/// What must be true of every plan, whatever the video.
void expect_sound(const Video& video, const std::vector<JobCut>& jobs) {
  ASSERT_FALSE(jobs.empty());
  EXPECT_EQ(jobs.front().own_begin, kMin);
  EXPECT_EQ(jobs.back().own_end, kMax);
  EXPECT_EQ(jobs.front().first_packet, 0U);
  std::uint32_t frame = 0;
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    const JobCut& job = jobs[j];
    EXPECT_EQ(job.first_frame, frame);
    ASSERT_LT(job.first_frame, job.end_frame);
    ASSERT_LE(job.end_packet, video.pts.size());
    for (std::uint32_t f = job.first_frame; f < job.end_frame; ++f) {
      const std::uint32_t packet = video.frame_packets[f];
      EXPECT_GE(packet, job.first_packet);
      EXPECT_LT(packet, job.end_packet);
      EXPECT_TRUE(job.own_begin <= video.pts[packet] && video.pts[packet] < job.own_end);
    }
    if (j > 0) {
      EXPECT_EQ(job.own_begin, jobs[j - 1].own_end);
      EXPECT_GE(job.first_packet, jobs[j - 1].first_packet);
      EXPECT_LE(job.first_packet, jobs[j - 1].end_packet);
      EXPECT_GE(job.end_packet, jobs[j - 1].end_packet);
      EXPECT_TRUE((video.flags[job.first_packet] & CutInput::kKey) != 0 || job.first_packet == 0);
      const bool begins_with_its_key = video.frame_packets[job.first_frame] == job.first_packet;
      EXPECT_EQ(jobs[j - 1].has_seam, begins_with_its_key && job.first_packet != jobs[j - 1].first_packet);
    }
    frame = job.end_frame;
  }
  EXPECT_EQ(frame, video.frame_packets.size());
}

TEST(CutPlanTest, GivesOneFrameOneJob) {
  Video video;
  video.add(7, true);
  const auto jobs = video.cut();
  expect_sound(video, jobs);
  EXPECT_EQ(jobs, (std::vector<JobCut>{{0, 1, 0, 1, kMin, kMax, false}}));
}

/// How much longer `slots` that take one job after the other work than if they shared the frames evenly.
double imbalance(const std::vector<JobCut>& jobs, std::size_t slots) {
  std::vector<double> busy(slots);
  double frames = 0;
  for (const std::uint32_t length : lengths(jobs)) {
    *std::min_element(busy.begin(), busy.end()) += length;
    frames += length;
  }
  return *std::max_element(busy.begin(), busy.end()) * static_cast<double>(slots) / frames;
}

TEST(CutPlanTest, MergesShortGopsAndCutsAtKeys) {
  Video video;
  for (int i = 0; i < 200; ++i) video.add_gop(25);
  const auto jobs = video.cut();
  expect_sound(video, jobs);
  for (const JobCut& job : jobs) {
    const std::uint32_t length = job.end_frame - job.first_frame;
    EXPECT_EQ(job.first_frame % 25, 0U);
    EXPECT_LE(length, kTargetFramesMax);
    EXPECT_GE(length, job.end_frame == 5000 ? 25U : kTargetFramesLast);
  }
}

TEST(CutPlanTest, KeepsSlotsBusy) {
  for (const int gop : {12, 25, 77, 250}) {
    for (const int frames : {795, 1000, 1500, 3000, 20000}) {
      Video video;
      for (int left = frames; left > 0; left -= gop) video.add_gop(std::min(left, gop));
      const auto jobs = video.cut({.frame_cost = 15});
      expect_sound(video, jobs);
      EXPECT_LE(imbalance(jobs, 2), frames <= 3000 ? 1.06 : 1.02) << frames << " in GOPs of " << gop;
      EXPECT_LE(imbalance(jobs, 8), frames <= 3000 ? 1.35 : 1.05) << frames << " in GOPs of " << gop;
    }
  }
}

TEST(CutPlanTest, MakesNoMoreKeyFramesThanTheOutputCanBear) {
  // A key costs as much as eight other frames: with a few more for what a better encoder saves on those.
  for (const int gops : {4, 16, 64}) {
    Video video;
    for (int i = 0; i < gops; ++i) video.add_gop(250, 10, 8000);
    const auto jobs = video.cut({.frame_cost = 15});
    expect_sound(video, jobs);
    const double more = (static_cast<double>(jobs.size()) - gops) * 1.2 * 7 / (250.0 * gops);
    if (gops == 4) {
      EXPECT_EQ(jobs.size(), kSlotsFed);  // Eight slots have work, though it costs more.
    } else {
      EXPECT_LE(more, kMoreBytesMax) << gops;
      EXPECT_GT(more, 0) << gops;
    }
  }
}

TEST(CutPlanTest, BalancesAShortVideoWithoutMoreKeyFramesThanItMayHave) {
  // The proportions of a static scene: a key as dear as seven and a half other frames.
  Video video;
  for (const int frames : {250, 250, 250, 45}) video.add_gop(frames, 10, 7557);
  const auto jobs = video.cut({.frame_cost = 16});
  expect_sound(video, jobs);
  EXPECT_LE(jobs.size(), 7U);
  EXPECT_LE(imbalance(jobs, 2), 1.06);
}

TEST(CutPlanTest, TakesNoAccountOfKeysWhereEveryFrameIsOne) {
  Video video;
  for (int i = 0; i < 16; ++i) video.add_gop(250, 10, 100000);
  EXPECT_GE(video.cut({.frame_cost = 15, .encoder_gop_frames = 1}).size(), 20U);
  EXPECT_LE(video.cut({.frame_cost = 15}).size(), 17U);
}

TEST(CutPlanTest, SplitsALongGopWhereTheRepeatedDecodeIsSmallBesideTheRest) {
  Video video;
  for (int i = 0; i < 8; ++i) video.add_gop(250);
  const auto jobs = video.cut({.frame_cost = 20});
  expect_sound(video, jobs);
  EXPECT_GE(jobs.size(), 12U);
  const auto within = std::find_if(jobs.begin(), jobs.end(), [](const JobCut& job) { return job.first_frame % 250 != 0; });
  ASSERT_NE(within, jobs.end());
  EXPECT_EQ(within->first_packet, within->first_frame / 250 * 250);
  EXPECT_FALSE((within - 1)->has_seam);
}

TEST(CutPlanTest, GoesOnFromAShortGopIntoALongOne) {
  // As VideoCutTest has it in pictures.
  Video video;
  for (const int frames : {45, 150, 100, 100}) video.add_gop(frames);
  const auto jobs = video.cut({.frame_cost = 4, .encoder_gop_frames = 1});
  expect_sound(video, jobs);
  ASSERT_GT(jobs.size(), 1U);
  EXPECT_GT(jobs[0].end_frame, 45U);
  EXPECT_LT(jobs[0].end_frame, 195U);
  EXPECT_EQ(jobs[0].end_packet, jobs[0].end_frame);
  EXPECT_FALSE(jobs[0].has_seam);
  EXPECT_EQ(jobs[1].first_packet, 45U);
}

TEST(CutPlanTest, IsSoundWhateverTheGopsAre) {
  // GOPs of all lengths, and what is estimated of the keys and of the work, from a fixed noise.
  std::uint32_t noise = 1;
  const auto up_to = [&](std::uint32_t most) {
    noise = noise * 1664525U + 1013904223U;
    return (noise >> 8) % most + 1;
  };
  for (int nth = 0; nth < 3000; ++nth) {
    Video video;
    const std::uint32_t longest = up_to(600);
    for (std::uint32_t gops = up_to(12); gops > 0; --gops) {
      video.add_gop(static_cast<int>(up_to(longest)), 10, 1000 * up_to(40));
    }
    const auto jobs = video.cut({.frame_cost = 1.0 * up_to(40), .encoder_gop_frames = up_to(2) == 1 ? 1U : 250U});
    expect_sound(video, jobs);
    if (HasFailure()) FAIL() << nth;
  }
}

TEST(CutPlanTest, GivesEightSlotsWorkWhateverAKeyCosts) {
  for (const int last : {50, 100, 150, 200, 249}) {
    Video video;
    for (const int frames : {250, 250, 250, last}) video.add_gop(frames, 10, 20000);
    const auto jobs = video.cut({.frame_cost = 16});
    expect_sound(video, jobs);
    EXPECT_GE(jobs.size(), kSlotsFed) << last;
    EXPECT_LE(jobs.size(), kSlotsFed + 2) << last;
  }
}

TEST(CutPlanTest, KeepsTheRepeatedDecodeWithinItsShareOfTheCost) {
  for (const double cost : {0.0, 0.5, 1.0, 5.0, 40.0}) {
    Video video;
    video.add_gop(3000);
    const auto jobs = video.cut({.frame_cost = cost});
    expect_sound(video, jobs);
    double repeated = 0;
    for (const JobCut& job : jobs) repeated += job.first_frame;
    EXPECT_LE(repeated, kRepeatedDecodeMax * 3000 * (1 + cost)) << cost;
    EXPECT_EQ(jobs.size() > 1, repeated > 0) << cost;
    if (cost >= 40) {
      EXPECT_GT(jobs.size(), 1U);
    }
  }
}

TEST(CutPlanTest, ObeysTheUsersChunkWhateverItCosts) {
  for (const std::uint32_t chunk : {1U, 7U, 40U, 100U}) {
    Video video = open_gops(10);
    const auto jobs = video.cut({.chunk_frames = chunk, .frame_cost = 0});
    expect_sound(video, jobs);
    const auto sizes = lengths(jobs);
    EXPECT_LE(*std::max_element(sizes.begin(), sizes.end()), chunk);
  }
}

TEST(CutPlanTest, SendsTheLeadingPicturesOfTheNextKey) {
  Video video = open_gops(4);
  const auto jobs = video.cut({.chunk_frames = 12, .frame_cost = 1});
  expect_sound(video, jobs);
  // The first GOP owns what is shown before the second key, two pictures that are decoded after it.
  const std::uint32_t key = jobs[1].first_packet;
  EXPECT_EQ(jobs[0].end_packet, key + 3);
  EXPECT_EQ(jobs[0].own_end, video.pts[key]);
}

TEST(CutPlanTest, LetsADecoderComeIntoStepBeforeItsPacketsEnd) {
  // A job for one frame that starts at a key with leading pictures: libavcodec would end at the first of those that it hides.
  Video video = open_gops(10);
  const auto jobs = video.cut({.chunk_frames = 1, .frame_cost = 1});
  for (std::size_t j = 1; j < jobs.size(); ++j) {
    if (jobs[j].first_packet == 0) continue;
    EXPECT_GE(jobs[j].end_packet, jobs[j].first_packet + 3 + 17);
  }
  EXPECT_LE(jobs.back().first_packet + 20, video.pts.size());
}

TEST(CutPlanTest, DoesNotCutAtAKeyWhoseTimeGoesBack) {
  Video video;
  video.add_gop(60);
  video.add(5, true);  // Among the frames before it.
  video.add_gop(60);
  const auto jobs = video.cut({.chunk_frames = 30, .frame_cost = 1});
  for (const JobCut& job : jobs) EXPECT_NE(job.first_packet, 60U);
}

TEST(CutPlanTest, NeitherOwnsNorCutsAtDiscardedPackets) {
  Video video;
  for (int i = 0; i < 40; ++i) video.add(i * 10 - 200, i % 20 == 0, i < 20);
  video.add_gop(20);
  const auto jobs = video.cut({.chunk_frames = 20, .frame_cost = 1});
  expect_sound(video, jobs);
  EXPECT_EQ(lengths(jobs), (std::vector<std::uint32_t>{20, 20}));
  EXPECT_EQ(jobs[0].first_packet, 0U);
  EXPECT_EQ(jobs[1].first_packet, 40U);
}

TEST(CutPlanTest, DependsOnOrderAndNotOnDistances) {
  Video even;
  Video uneven;
  for (int i = 0; i < 9; ++i) {
    even.add_gop(77);
    uneven.add_gop(77, 3 + i * 5);
  }
  EXPECT_EQ(lengths(even.cut()), lengths(uneven.cut()));
}

TEST(CutPlanTest, BoundsTheBytesOfMergedGops) {
  Video video;
  for (int i = 0; i < 100; ++i) video.add(i, true, false, 40U * 1024 * 1024);
  const auto jobs = video.cut();
  expect_sound(video, jobs);
  EXPECT_EQ(jobs.size(), 100U);
  EXPECT_EQ(video.cut({.chunk_frames = 99}).size(), 100U);
  EXPECT_EQ(video.cut({.chunk_frames = 100}).size(), 1U) << "room for all frames: the user wants one job";
}

TEST(CutPlanTest, HasNoSeamsWhereEveryPictureStandsAlone) {
  Video video;
  for (int i = 0; i < 30; ++i) video.add(i, true);
  const auto jobs = video.cut({.chunk_frames = 1, .frame_cost = 1, .has_seams = false});
  ASSERT_EQ(jobs.size(), 30U);
  for (const JobCut& job : jobs) EXPECT_EQ(job.end_packet, job.first_packet + 1);
}

}  // namespace
}  // namespace sheaf::stage
