#include "common/media/unit_chain.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace sheaf::media {

namespace {

constexpr const char* kCutOff = "the file ends within a unit";
constexpr const char* kNoUnit = "a part of it is gone: no unit of its container begins here";

/// The first bytes of a unit; those beyond the end of the file are 0.
class Head {
 public:
  static constexpr int kSize = 320;  // An Ogg page's head has up to 282.

  Head(const InputFile& file, std::int64_t offset) : left_(file.size() - offset) {
    int got = 0;
    while (got < kSize) {
      const int more = file.read(offset + got, bytes_.data() + got, kSize - got);
      if (more <= 0) break;
      got += more;
    }
  }

  /// Bytes from here to the end of the file.
  std::int64_t left() const { return left_; }
  std::uint8_t at(int i) const { return bytes_[static_cast<std::size_t>(i)]; }
  bool has(std::string_view text, int at = 0) const {
    return std::memcmp(&bytes_[static_cast<std::size_t>(at)], text.data(), text.size()) == 0;
  }
  std::int64_t big_endian(int at, int size) const {
    std::uint64_t value = 0;
    for (int i = 0; i < size; ++i) value = value << 8 | this->at(at + i);
    return static_cast<std::int64_t>(value);
  }
  std::int64_t little_endian(int at, int size) const {
    std::uint64_t value = 0;
    for (int i = size; i > 0; --i) value = value << 8 | this->at(at + i - 1);
    return static_cast<std::int64_t>(value);
  }

 private:
  std::int64_t left_;
  std::array<std::uint8_t, kSize> bytes_{};
};

/// Follows units from `begin` to `end`. `length` gives the bytes of the unit with this head; 0: there is none; -1: it takes all
/// that is left.
template <typename Length>
std::optional<Break> follow(const InputFile& file, std::int64_t begin, std::int64_t end, const Length& length) {
  for (std::int64_t at = begin; at < end;) {
    const Head head(file, at);
    const std::int64_t size = length(head, at);
    if (size < 0) return std::nullopt;
    if (size == 0) return Break{at, head.left() < 8 ? kCutOff : kNoUnit};
    if (size > file.size() - at) return Break{at, kCutOff};
    at += size;
  }
  return std::nullopt;
}

std::optional<Break> follow_riff(const InputFile& file) {
  const auto is_name = [](const Head& head) {
    for (int i = 0; i < 4; ++i) {
      if (std::isprint(head.at(i)) == 0) return false;
    }
    return true;
  };
  // The chunks of lists lie one in the other; what is in them follows right behind their heads.
  return follow(file, 0, file.size(), [&](const Head& head, std::int64_t) -> std::int64_t {
    if (!is_name(head)) return 0;
    const std::int64_t size = head.little_endian(4, 4);
    if (head.has("RIFF") || (head.has("LIST") && (head.has("movi", 8) || head.has("rec ", 8)))) {
      // Whoever could not go back to write the length in has left all ones.
      return 8 + size > head.left() && size != 0xffffffff ? 8 + size : 12;
    }
    return 8 + size + size % 2 - (8 + size == head.left() ? size % 2 : 0);
  });
}

std::optional<Break> follow_boxes(const InputFile& file) {
  return follow(file, 0, file.size(), [](const Head& head, std::int64_t) -> std::int64_t {
    const std::int64_t size = head.big_endian(0, 4);
    if (head.big_endian(4, 4) == 0) return 0;
    if (size == 0) return -1;
    if (size == 1) return std::max<std::int64_t>(0, head.big_endian(8, 8));
    return size < 8 ? 0 : size;
  });
}

std::optional<Break> follow_flv(const InputFile& file) {
  constexpr std::int64_t kTagHead = 11;
  constexpr std::int64_t kPreviousSize = 4;
  const std::int64_t begin = Head(file, 0).big_endian(5, 4) + kPreviousSize;
  return follow(file, begin, file.size(), [&](const Head& head, std::int64_t) -> std::int64_t {
    const int type = head.at(0) & 0x1f;
    if (type != 8 && type != 9 && type != 18) return 0;
    return kTagHead + head.big_endian(1, 3) + kPreviousSize;
  });
}

std::optional<Break> follow_mxf(const InputFile& file) {
  constexpr std::string_view kLabel("\x06\x0e\x2b\x34", 4);
  // A run-in of up to 64 KiB may come before the first key; libavformat has found it, and so few files have one that they are
  // left alone.
  if (!Head(file, 0).has(kLabel)) return std::nullopt;
  return follow(file, 0, file.size(), [&](const Head& head, std::int64_t) -> std::int64_t {
    if (!head.has(kLabel)) return 0;
    const int first = head.at(16);
    if (first < 0x80) return 17 + first;
    const int bytes = first - 0x80;
    if (bytes < 1 || bytes > 8) return 0;
    const std::int64_t length = head.big_endian(17, bytes);
    return length < 0 ? 0 : 17 + bytes + std::min(length, file.size());
  });
}

std::optional<Break> follow_program_stream(const InputFile& file) {
  const auto length = [](const Head& head, std::int64_t) -> std::int64_t {
    if (head.big_endian(0, 3) != 1) return 0;
    const int code = head.at(3);
    if (code == 0xb9) return 4;
    if (code == 0xba) return (head.at(4) & 0xc0) == 0x40 ? 14 + (head.at(13) & 7) : 12;
    return code > 0xba ? 6 + head.big_endian(4, 2) : 0;
  };
  if (length(Head(file, 0), 0) == 0) return std::nullopt;  // Not from the start on: a recording, or a disc's sectors.
  auto found = follow(file, 0, file.size(), length);
  if (!found) return found;
  // Zeros up to the end fill sectors.
  std::array<std::uint8_t, 64 * 1024> bytes;
  for (std::int64_t at = found->offset; at < file.size();) {
    const int got = file.read(at, bytes.data(), static_cast<int>(bytes.size()));
    if (got <= 0 || std::any_of(bytes.begin(), bytes.begin() + got, [](std::uint8_t byte) { return byte != 0; })) return found;
    at += got;
  }
  return std::nullopt;
}

std::optional<Break> follow_ogg(const InputFile& file) {
  std::map<std::int64_t, bool> ended;  // Of each logical stream.
  const auto found = follow(file, 0, file.size(), [&](const Head& head, std::int64_t) -> std::int64_t {
    if (!head.has("OggS")) return 0;
    const int segments = head.at(26);
    std::int64_t size = 27 + segments;
    for (int i = 0; i < segments; ++i) size += head.at(27 + i);
    ended[head.little_endian(14, 4)] = (head.at(5) & 4) != 0;
    return size;
  });
  if (found) return found;
  for (const auto& [serial, has_ended] : ended) {
    if (!has_ended) return Break{file.size(), "one of its streams has no end mark"};
  }
  return std::nullopt;
}

std::optional<Break> follow_asf(const InputFile& file) {
  using namespace std::string_view_literals;
  constexpr auto kHeader = "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"sv;
  constexpr auto kData = "\x36\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"sv;
  constexpr auto kFileProperties = "\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65"sv;
  constexpr std::int64_t kHeaderHead = 30;
  constexpr std::int64_t kDataHead = 50;
  constexpr int kHasErrorCorrection = 0x82;

  std::int64_t announced = 0;  // Bytes of the file; 0: whoever wrote it did not know.
  std::int64_t step = 0;       // From one packet to the next.
  std::optional<Break> within;
  const auto found = follow(file, 0, file.size(), [&](const Head& head, std::int64_t at) -> std::int64_t {
    const std::int64_t size = head.little_endian(16, 8);
    if (head.has(kHeader)) return kHeaderHead;  // What is in it follows right behind.
    if (head.has(kFileProperties)) {
      const bool is_broadcast = (head.at(88) & 1) != 0;
      if (!is_broadcast) announced = head.little_endian(40, 8);
      if (head.little_endian(92, 4) == head.little_endian(96, 4)) step = head.little_endian(92, 4);
    }
    if (!head.has(kData)) return size < 24 ? 0 : size;
    const std::int64_t end = size > kDataHead && announced > 0 && size < file.size() - at ? at + size : file.size();
    for (std::int64_t packet = at + kDataHead; !within && step > 0 && packet < end; packet += step) {
      const Head first(file, packet);
      if (first.left() < step) within = Break{packet, kCutOff};
      if (first.at(0) != kHasErrorCorrection) within = Break{packet, kNoUnit};
    }
    return end - at;
  });
  if (within) return within;
  if (found) return found;
  if (announced > file.size()) return Break{file.size(), "of " + std::to_string(announced) + " bytes that were announced"};
  return std::nullopt;
}

/// Reads a file from front to back in large pieces.
class Pieces {
 public:
  explicit Pieces(const InputFile& file) : file_(file), bytes_(1024 * 1024) {}

  /// `size` bytes at `offset`, which never goes back; null where there are fewer.
  const std::uint8_t* at(std::int64_t offset, std::int64_t size) {
    if (offset + size > begin_ + filled_) {
      begin_ = offset;
      filled_ = 0;
      const auto room = static_cast<std::int64_t>(bytes_.size());
      while (filled_ < room) {
        const int more = file_.read(begin_ + filled_, bytes_.data() + filled_, static_cast<int>(room - filled_));
        if (more <= 0) break;
        filled_ += more;
      }
    }
    return offset + size <= begin_ + filled_ ? bytes_.data() + (offset - begin_) : nullptr;
  }

 private:
  const InputFile& file_;
  std::vector<std::uint8_t> bytes_;
  std::int64_t begin_ = 0;
  std::int64_t filled_ = 0;
};

/// Packets of 188 bytes, which disc recorders put a time before (192) and some broadcasts a checksum behind (204).
struct PacketGrid {
  std::int64_t begin = 0;  ///< Where the first packet's sync byte is.
  std::int64_t step = 0;   ///< 0: there are no packets.
};

PacketGrid find_packets(const InputFile& file) {
  constexpr int kLook = 64 * 1024;
  constexpr int kInARow = 8;
  std::vector<std::uint8_t> bytes(kLook);
  const int size = std::max(0, file.read(0, bytes.data(), kLook));
  for (int begin = 0; begin < size; ++begin) {
    for (const int step : {188, 192, 204}) {
      int found = 0;
      while (found < kInARow && begin + found * step < size && bytes[static_cast<std::size_t>(begin + found * step)] == 0x47)
        ++found;
      if (found == kInARow) return {begin, step};
    }
  }
  return {};
}

std::optional<Break> follow_transport_stream(const InputFile& file) {
  constexpr std::int64_t kPacket = 188;
  constexpr int kUnknown = -1;
  const PacketGrid grid = find_packets(file);
  if (grid.step == 0) return std::nullopt;  // libavformat has found some, far from the start.
  // Of each PID the counter of its last packet. Those without pictures or sound do not count: recorders write them anew.
  std::vector<int> counters(0x2000, kUnknown);
  std::vector<bool> has_media(0x2000, false);
  Pieces pieces(file);
  for (std::int64_t at = grid.begin; at < file.size(); at += grid.step) {
    const std::uint8_t* packet = pieces.at(at, kPacket);
    if (packet == nullptr) return Break{at, kCutOff};
    if (packet[0] != 0x47) return Break{at, kNoUnit};
    const auto pid = static_cast<std::size_t>((packet[1] & 0x1f) << 8 | packet[2]);
    const bool has_adaptation = (packet[3] & 0x20) != 0;
    const bool may_jump = has_adaptation && packet[4] > 0 && (packet[5] & 0x80) != 0;
    if (may_jump) counters[pid] = kUnknown;
    if ((packet[3] & 0x10) == 0 || pid == 0x1fff) continue;  // No payload: it does not count.
    const int payload = has_adaptation ? 5 + packet[4] : 4;
    if ((packet[1] & 0x40) != 0 && payload + 3 <= kPacket) {
      has_media[pid] = packet[payload] == 0 && packet[payload + 1] == 0 && packet[payload + 2] == 1;
    }
    const int counter = packet[3] & 0x0f;
    const int last = std::exchange(counters[pid], counter);
    // A packet may come twice.
    if (!has_media[pid] || last == kUnknown || counter == (last + 1) % 16 || counter == last) continue;
    return Break{at, "packets are missing here, by their counters"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Break> find_break(const InputFile& file, const std::string& format) {
  if (format == "avi") return follow_riff(file);
  if (format.starts_with("mov,")) return follow_boxes(file);
  if (format == "flv" || format == "live_flv") return follow_flv(file);
  if (format == "mxf") return follow_mxf(file);
  if (format == "asf") return follow_asf(file);
  if (format == "mpegts") return follow_transport_stream(file);
  if (format == "mpeg") return follow_program_stream(file);
  if (format == "ogg") return follow_ogg(file);
  return std::nullopt;
}

}  // namespace sheaf::media
