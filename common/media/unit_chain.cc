#include "common/media/unit_chain.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <map>
#include <string_view>

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
    return std::max<std::int64_t>(0, 17 + bytes + head.big_endian(17, bytes));
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

}  // namespace

std::optional<Break> find_break(const InputFile& file, const std::string& format) {
  if (format == "avi") return follow_riff(file);
  if (format.starts_with("mov,")) return follow_boxes(file);
  if (format == "flv" || format == "live_flv") return follow_flv(file);
  if (format == "mxf") return follow_mxf(file);
  if (format == "mpeg") return follow_program_stream(file);
  if (format == "ogg") return follow_ogg(file);
  return std::nullopt;
}

}  // namespace sheaf::media
