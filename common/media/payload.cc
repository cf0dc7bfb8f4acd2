#include "common/media/payload.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "common/base/check.h"

namespace sheaf::media {

namespace {

constexpr std::uint64_t kLengthBytes = 8;

tl::unexpected<Error> malformed(const char* why) {
  return fail(ErrorCode::kFailed, std::string("malformed payload: ") + why);
}

}  // namespace

void append_row(const AVPacket& packet, bool with_dts, v1::PacketColumns& columns) {
  const int row = columns.size_size();
  columns.add_size(static_cast<std::uint32_t>(packet.size));
  columns.add_pts(packet.pts);
  if (with_dts) columns.add_dts(packet.dts);
  columns.add_duration(packet.duration);
  columns.add_flags(static_cast<std::uint32_t>(packet.flags));
  for (int i = 0; i < packet.side_data_elems; ++i) {
    auto* side_data = columns.add_side_data();
    side_data->set_packet(static_cast<std::uint32_t>(row));
    side_data->set_type(static_cast<std::uint32_t>(packet.side_data[i].type));
    side_data->set_data(packet.side_data[i].data, packet.side_data[i].size);
  }
}

Status append_packet(const AVPacket& packet, bool with_dts, Blob& payload, v1::PacketColumns& columns) {
  SHEAF_CHECK(packet.size >= 0);
  append_row(packet, with_dts, columns);
  return payload.append(std::as_bytes(std::span(packet.data, static_cast<std::size_t>(packet.size))));
}

Status append_table(const google::protobuf::MessageLite& table, Blob& payload) {
  const std::string bytes = table.SerializeAsString();
  if (bytes.size() > kTableBytesMax) return fail(ErrorCode::kFailed, "a job has too many packets", {}, "use a smaller --chunk");
  std::array<char, kLengthBytes> length{};
  for (std::size_t i = 0; i < length.size(); ++i) length[i] = static_cast<char>((bytes.size() >> (8 * i)) & 0xff);
  if (Status status = payload.append(bytes); !status) return status;
  return payload.append(std::string_view(length.data(), length.size()));
}

Result<std::uint64_t> read_table(const Blob& payload, google::protobuf::MessageLite& table) {
  if (payload.size() < kLengthBytes) return malformed("too short");
  std::array<std::byte, kLengthBytes> length_bytes{};
  if (Status status = payload.read(payload.size() - kLengthBytes, length_bytes); !status) return propagate(status);
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < length_bytes.size(); ++i) length |= std::to_integer<std::uint64_t>(length_bytes[i]) << (8 * i);
  if (length > kTableBytesMax || length > payload.size() - kLengthBytes) return malformed("its table is longer than it");
  const std::uint64_t begin = payload.size() - kLengthBytes - length;
  auto bytes = payload.read(begin, length);
  if (!bytes) return propagate(bytes);
  if (!table.ParseFromString(*bytes)) return malformed("its table cannot be read");
  return begin;
}

Status check_columns(const v1::PacketColumns& columns, bool with_dts, std::uint64_t packet_bytes) {
  const int rows = columns.size_size();
  if (columns.pts_size() != rows || columns.duration_size() != rows || columns.flags_size() != rows ||
      columns.dts_size() != (with_dts ? rows : 0)) {
    return malformed("columns of different lengths");
  }
  std::uint64_t sum = 0;
  for (const std::uint32_t size : columns.size()) {
    if (size > kPacketBytesMax) return malformed("a packet is too large");
    sum += size;  // At most 2^31 rows of 2^30 bytes: no overflow.
  }
  if (sum != packet_bytes) return malformed("the sizes of its packets do not add up");
  std::uint32_t last = 0;
  for (const auto& side_data : columns.side_data()) {
    if (side_data.packet() < last || side_data.packet() >= static_cast<std::uint32_t>(rows)) {
      return malformed("side data of no packet");
    }
    if (side_data.type() >= AV_PKT_DATA_NB) return malformed("side data of an unknown type");
    last = side_data.packet();
  }
  return {};
}

Result<bool> PacketReader::next(AVPacket& packet) {
  av_packet_unref(&packet);
  if (row_ == columns_.size_size()) return false;
  const std::uint32_t size = columns_.size(row_);
  SHEAF_CHECK(av_new_packet(&packet, static_cast<int>(size)) == 0);
  if (Status status = payload_.read(offset_, std::as_writable_bytes(std::span(packet.data, size))); !status) {
    return propagate(status);
  }
  packet.pts = columns_.pts(row_);
  packet.dts = columns_.dts_size() > row_ ? columns_.dts(row_) : AV_NOPTS_VALUE;
  packet.duration = columns_.duration(row_);
  packet.flags = static_cast<int>(columns_.flags(row_));
  for (; side_data_row_ < columns_.side_data_size(); ++side_data_row_) {
    const auto& side_data = columns_.side_data(side_data_row_);
    if (side_data.packet() != static_cast<std::uint32_t>(row_)) break;
    auto* bytes =
        av_packet_new_side_data(&packet, static_cast<AVPacketSideDataType>(side_data.type()), side_data.data().size());
    SHEAF_CHECK(bytes != nullptr);
    std::memcpy(bytes, side_data.data().data(), side_data.data().size());
  }
  offset_ += size;
  row_ += 1;
  return true;
}

}  // namespace sheaf::media
