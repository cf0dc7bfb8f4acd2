#pragma once

/// The payloads of video jobs and results: [bytes of all packets][table][length of the table: 8 bytes, little-endian], as
/// proto/sheaf/v1/video.proto says. Both ends write and read them with these functions.

#include <google/protobuf/message_lite.h>

#include <cstdint>

#include "common/base/result.h"
#include "common/media/av.h"
#include "common/runtime/blob.h"
#include "sheaf/v1/video.pb.h"

namespace sheaf::media {

/// A table beyond this is refused before it is read: 256 bytes a packet for a million packets.
inline constexpr std::uint64_t kTableBytesMax = 256ULL * 1024 * 1024;
/// A single packet beyond this is refused: far more than one raw picture of the largest size that sheaf takes.
inline constexpr std::uint32_t kPacketBytesMax = 1024U * 1024 * 1024;

/// Appends the row of `packet` to `columns`: everything but its bytes. `with_dts` is false in results, where DTS are
/// recomputed.
void append_row(const AVPacket& packet, bool with_dts, v1::PacketColumns& columns);

/// Appends the bytes of `packet` to `payload` and its row to `columns`. Errors as Blob::append().
Status append_packet(const AVPacket& packet, bool with_dts, Blob& payload, v1::PacketColumns& columns);

/// Completes a payload whose packets have all been appended. Errors as Blob::append().
Status append_table(const google::protobuf::MessageLite& table, Blob& payload);

/// Reads the table at the end of `payload` into `table` and returns how many bytes of packets stand before it. Errors: kFailed
/// when the payload is not well formed (it comes from the network).
Result<std::uint64_t> read_table(const Blob& payload, google::protobuf::MessageLite& table);

/// Whether the columns fit together and their sizes add up to `packet_bytes`. `with_dts` as above. Errors: kFailed.
Status check_columns(const v1::PacketColumns& columns, bool with_dts, std::uint64_t packet_bytes);

/// Reads the packets of a payload one after the other, never more than one at a time. The payload and the columns must outlive
/// it and have passed check_columns().
class PacketReader {
 public:
  PacketReader(const Blob& payload, const v1::PacketColumns& columns) : payload_(payload), columns_(columns) {}

  /// Fills `packet` (its old content is dropped); false after the last. Errors: kFailed if the payload cannot be read.
  Result<bool> next(AVPacket& packet);

 private:
  const Blob& payload_;
  const v1::PacketColumns& columns_;
  int row_ = 0;
  int side_data_row_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace sheaf::media
