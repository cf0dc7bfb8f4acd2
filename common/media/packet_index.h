#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/base/result.h"
#include "common/media/input.h"
#include "common/media/shown_frames.h"

namespace sheaf::media {

/// What is known of one packet of the video stream.
struct PacketFacts {
  std::int64_t pts = 0;
  std::int64_t dts = 0;  ///< INT64_MIN where the container had none.
  std::int64_t duration = 0;
  std::uint32_t size = 0;
  std::uint8_t flags = 0;  ///< PacketIndex::kKey and the like; a key is one that a decoder can begin at (key_check.h).
};

/// Every packet of a video stream in decode order, and every frame in the order of its time: read in one pass, without
/// decoding, where the container says which picture is shown when; else a decoder is asked (shown_frames.h). Columns rather
/// than records: 37 bytes a packet in all.
///
/// A frame here is a packet that is not marked as DISCARD: by the container (an edit list cuts it off: it must be decoded, but
/// its picture is not shown), or because a decoder has shown no picture of it.
class PacketIndex {
 public:
  static constexpr std::uint8_t kKey = 1;
  static constexpr std::uint8_t kDiscard = 2;
  static constexpr std::uint8_t kCorrupt = 4;

  /// Reads all of `input`, which must be fresh and opened for its index. Errors: kInput when the stream has no packets, when
  /// two frames share a time (such files are refused, since frames are told apart by their times), when it is damaged.
  static Result<PacketIndex> build(Input& input);

  /// The version of x264 that the first packet names, 0 if none: see StreamParameters::x264_build.
  int x264_build() const { return x264_build_; }

  /// Whether the times are not all of the container's making: a decoder was asked.
  bool has_learned_times() const { return has_learned_times_; }
  /// So many packets have shown no picture: it is hidden, belongs to another's, or refers to one that the file does not have.
  std::uint32_t hidden() const { return hidden_; }

  void append(const PacketFacts& packet);
  /// Whether the packets as appended say which picture is shown when. `delay`: the frames that a decoder holds back.
  bool says_when_shown(int delay) const;
  /// Takes the times that a decoder has found, one a packet. Errors: kInput when it found damage, or times that do not grow;
  /// `where` left empty.
  Status learn(const ShownFrames& shown);
  /// Puts the frames in order; after the last append(). Errors: kInput as for build(), `where` left empty.
  Status order_frames();

  std::uint32_t packets() const { return static_cast<std::uint32_t>(pts_.size()); }
  PacketFacts packet(std::uint32_t i) const { return {pts_[i], dts_[i], duration_[i], size_[i], flags_[i]}; }
  std::span<const std::int64_t> pts() const { return pts_; }
  std::span<const std::uint32_t> sizes() const { return size_; }
  std::span<const std::uint8_t> flags() const { return flags_; }

  std::uint32_t frames() const { return static_cast<std::uint32_t>(frame_packet_.size()); }
  /// Of the frames in the order of their times, the packet of each.
  std::span<const std::uint32_t> frame_packets() const { return frame_packet_; }
  std::int64_t frame_pts(std::uint32_t frame) const { return pts_[frame_packet_[frame]]; }
  /// The duration that the container states, else the distance to the next frame (of the last one: to the frame before); at
  /// least 1 if there is more than one frame, else possibly 0.
  std::int64_t frame_duration(std::uint32_t frame) const;

 private:
  std::vector<std::int64_t> pts_;
  std::vector<std::int64_t> dts_;
  std::vector<std::int64_t> duration_;
  std::vector<std::uint32_t> size_;
  std::vector<std::uint8_t> flags_;
  std::vector<std::uint32_t> frame_packet_;
  int x264_build_ = 0;
  bool has_learned_times_ = false;
  bool has_hidden_ = false;
  std::uint32_t hidden_ = 0;
};

}  // namespace sheaf::media
