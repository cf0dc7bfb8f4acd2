#include "common/media/payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "common/media/decode_clock.h"
#include "common/media/packet_index.h"
#include "stage/video/video_binder.h"

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

/// An index of packets with these times and decode times, not yet in order.
PacketIndex unordered(std::initializer_list<std::pair<std::int64_t, std::int64_t>> times,
                      std::uint8_t first = PacketIndex::kKey) {
  PacketIndex index;
  for (const auto& [pts, dts] : times) {
    index.append({pts, dts, 0, 1, index.packets() == 0 ? first : std::uint8_t{0}});
  }
  return index;
}

TEST(PacketIndexTest, KnowsWhenTheContainerDoesNotSayWhichPictureIsShownWhen) {
  EXPECT_TRUE(unordered({{0, 0}, {1, 1}, {2, 2}}).says_when_shown(0));
  EXPECT_TRUE(unordered({{2, 0}, {5, 1}, {3, 2}}).says_when_shown(2));
  EXPECT_FALSE(unordered({{0, 0}, {1, 1}, {2, 2}}).says_when_shown(2)) << "decode times passed off as both";
  EXPECT_FALSE(unordered({{0, 0}, {AV_NOPTS_VALUE, 1}, {2, 2}}).says_when_shown(0)) << "a time is missing";
  EXPECT_FALSE(unordered({{0, 0}, {1, 1}, {1, 2}}).says_when_shown(0)) << "two have the same";
  EXPECT_FALSE(unordered({{2, 0}, {1, 1}, {3, 2}}).says_when_shown(1)) << "the first key's leading pictures are not whole";
  EXPECT_FALSE(unordered({{0, 0}, {1, 1}}, 0).says_when_shown(0)) << "it begins without a key";
}

TEST(PacketIndexTest, TakesTheTimesThatADecoderFound) {
  PacketIndex index = unordered({{AV_NOPTS_VALUE, 0}, {AV_NOPTS_VALUE, 1}, {AV_NOPTS_VALUE, 2}, {AV_NOPTS_VALUE, 3}});
  ASSERT_TRUE(index.learn({{AV_NOPTS_VALUE, 20, AV_NOPTS_VALUE, 10}, 0, 0, 0}));
  ASSERT_TRUE(index.order_frames());
  EXPECT_TRUE(index.has_learned_times());
  EXPECT_THAT(index.frame_packets(), ::testing::ElementsAre(3, 1));
  EXPECT_EQ(index.hidden(), 2U);
}

TEST(PacketIndexTest, RefusesWhatADecoderCannotPutInOrder) {
  PacketIndex index = unordered({{0, 0}, {0, 1}});
  EXPECT_THAT(index.learn({{0, 1}, 1, 0, 0}).error().what,
              ::testing::HasSubstr("1 of 2 packets of its video cannot be decoded"));
  EXPECT_THAT(index.learn({{0, 0}, 0, 0, 1}).error().what, ::testing::HasSubstr("1 of 2 pictures are not shown later"));
  EXPECT_THAT(index.learn({{0, 1}, 0, 1, 0}).error().what, ::testing::HasSubstr("1 pictures more than its video has packets"));
  EXPECT_FALSE(index.learn({{0}, 0, 0, 0})) << "another number of packets";
  EXPECT_FALSE(PacketIndex().order_frames());
}

TEST(DecodeClockTest, GoesOnWhereDecodeTimesAreMissing) {
  DecodeClock clock({1, 90000}, {25, 1}, 2);
  EXPECT_EQ(clock.next(AV_NOPTS_VALUE), -7200) << "two frames before 0";
  clock.advance(0);
  EXPECT_EQ(clock.next(AV_NOPTS_VALUE), -3600);
  clock.advance(1800);
  EXPECT_EQ(clock.next(AV_NOPTS_VALUE), -1800);
  EXPECT_EQ(clock.next(90000), 90000);
  clock.advance(0);
  EXPECT_EQ(clock.next(AV_NOPTS_VALUE), 93600);
}

TEST(DecodeClockTest, StopsWhereNothingSaysHowLongAFrameIs) {
  DecodeClock clock({1, 1000}, {0, 1}, 2);
  EXPECT_EQ(clock.next(AV_NOPTS_VALUE), 0);
  clock.advance(0);
  EXPECT_EQ(clock.next(AV_NOPTS_VALUE), AV_NOPTS_VALUE);
}

TEST(DecodeTimeTest, IsTheSortedTimesDelayed) {
  const PacketIndex index = index_of({0, 30, 10, 70, 50});
  std::vector<std::int64_t> times;
  for (std::uint32_t i = 0; i < 5; ++i) times.push_back(stage::decode_time(index, i, 2));
  EXPECT_THAT(times, ::testing::ElementsAre(-20, -10, 0, 10, 30));
}

TEST(DecodeTimeTest, RunsBackBeforeTheOnlyFrame) {
  const PacketIndex index = index_of({100});
  EXPECT_LT(stage::decode_time(index, 0, 2), stage::decode_time(index, 1, 2));
  EXPECT_LT(stage::decode_time(index, 1, 2), 100);
}

}  // namespace
}  // namespace sheaf::media
