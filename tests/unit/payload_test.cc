#include "common/media/payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "common/media/packet_index.h"
#include "master/stages/video_binder.h"

namespace sheaf::media {
namespace {

PacketPtr packet_of(std::string_view bytes, std::int64_t pts) {
  PacketPtr packet = make_packet();
  EXPECT_EQ(av_new_packet(packet.get(), static_cast<int>(bytes.size())), 0);
  std::memcpy(packet->data, bytes.data(), bytes.size());
  packet->pts = pts;
  packet->dts = pts - 2;
  packet->duration = 1;
  packet->flags = AV_PKT_FLAG_KEY;
  return packet;
}

Blob payload_of_two(v1::VideoJob& table) {
  Blob payload;
  const PacketPtr second = packet_of("defgh", 9);
  std::memcpy(av_packet_new_side_data(second.get(), AV_PKT_DATA_NEW_EXTRADATA, 3), "xyz", 3);
  EXPECT_TRUE(append_packet(*packet_of("abc", 7), true, payload, *table.mutable_packets()));
  EXPECT_TRUE(append_packet(*second, true, payload, *table.mutable_packets()));
  EXPECT_TRUE(append_table(table, payload));
  return payload;
}

TEST(PayloadTest, GivesBackThePacketsThatWereAppended) {
  v1::VideoJob written;
  const Blob payload = payload_of_two(written);
  v1::VideoJob table;
  const auto bytes = read_table(payload, table);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, 8U);
  ASSERT_TRUE(check_columns(table.packets(), true, *bytes));
  PacketReader reader(payload, table.packets());
  const PacketPtr packet = make_packet();
  ASSERT_TRUE(*reader.next(*packet));
  EXPECT_EQ(std::string_view(reinterpret_cast<char*>(packet->data), 3), "abc");
  EXPECT_EQ(packet->side_data_elems, 0);
  ASSERT_TRUE(*reader.next(*packet));
  EXPECT_EQ(packet->size, 5);
  EXPECT_EQ(packet->pts, 9);
  EXPECT_EQ(packet->dts, 7);
  ASSERT_EQ(packet->side_data_elems, 1);
  EXPECT_EQ(std::memcmp(packet->side_data[0].data, "xyz", 3), 0);
  EXPECT_FALSE(*reader.next(*packet));
}

TEST(PayloadTest, RefusesWhatIsNotAPayload) {
  v1::VideoJob table;
  EXPECT_FALSE(read_table(Blob::of(""), table));
  EXPECT_FALSE(read_table(Blob::of("short"), table));
  EXPECT_FALSE(read_table(Blob::of(std::string(8, '\xff')), table));
  EXPECT_FALSE(read_table(Blob::of(std::string("\x01\0\0\0\0\0\0\0", 8)), table));
}

TEST(PayloadTest, RefusesColumnsThatDoNotFit) {
  v1::VideoJob table;
  payload_of_two(table);
  ASSERT_TRUE(check_columns(table.packets(), true, 8));
  EXPECT_FALSE(check_columns(table.packets(), true, 9));
  EXPECT_FALSE(check_columns(table.packets(), false, 8));
  v1::PacketColumns columns = table.packets();
  columns.add_pts(1);
  EXPECT_FALSE(check_columns(columns, true, 8));
  columns = table.packets();
  columns.mutable_side_data(0)->set_packet(2);
  EXPECT_FALSE(check_columns(columns, true, 8));
  columns = table.packets();
  columns.mutable_side_data(0)->set_type(AV_PKT_DATA_NB);
  EXPECT_FALSE(check_columns(columns, true, 8));
}

PacketIndex index_of(std::initializer_list<std::int64_t> times) {
  PacketIndex index;
  for (const std::int64_t pts : times) index.append({pts, pts, 0, 1, PacketIndex::kKey});
  EXPECT_TRUE(index.order_frames());
  return index;
}

TEST(PacketIndexTest, OrdersFramesAndFillsDurations) {
  const PacketIndex index = index_of({0, 40, 10, 15});
  EXPECT_THAT(index.frame_packets(), ::testing::ElementsAre(0, 2, 3, 1));
  EXPECT_EQ(index.frame_duration(0), 10);
  EXPECT_EQ(index.frame_duration(2), 25);
  EXPECT_EQ(index.frame_duration(3), 25);
}

TEST(PacketIndexTest, RefusesTimesThatAreMissingOrDoubled) {
  PacketIndex missing;
  missing.append({AV_NOPTS_VALUE, 0, 1, 1, PacketIndex::kKey});
  EXPECT_FALSE(missing.order_frames());
  PacketIndex doubled;
  doubled.append({5, 0, 1, 1, PacketIndex::kKey});
  doubled.append({5, 1, 1, 1, 0});
  EXPECT_FALSE(doubled.order_frames());
  EXPECT_FALSE(PacketIndex().order_frames());
}

TEST(DecodeTimeTest, IsTheSortedTimesDelayed) {
  const PacketIndex index = index_of({0, 30, 10, 70, 50});
  std::vector<std::int64_t> times;
  for (std::uint32_t i = 0; i < 5; ++i) times.push_back(stages::decode_time(index, i, 2));
  EXPECT_THAT(times, ::testing::ElementsAre(-20, -10, 0, 10, 30));
}

TEST(DecodeTimeTest, RunsBackBeforeTheOnlyFrame) {
  const PacketIndex index = index_of({100});
  EXPECT_LT(stages::decode_time(index, 0, 2), stages::decode_time(index, 1, 2));
  EXPECT_LT(stages::decode_time(index, 1, 2), 100);
}

}  // namespace
}  // namespace sheaf::media
