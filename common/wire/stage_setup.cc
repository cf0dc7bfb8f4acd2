#include "common/wire/stage_setup.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "common/runtime/fd.h"
#include "common/wire/limits.h"

namespace sheaf::wire {

namespace {

bool read_whole(int fd, char* out, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::read(fd, out, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    out += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

std::string encode_stage_setup(const v1::StageSetup& setup) {
  v1::LocalMessage message;
  *message.mutable_stage_setup() = setup;
  const std::string header = message.SerializeAsString();
  std::string frame;
  for (const std::uint32_t length : {static_cast<std::uint32_t>(header.size()), std::uint32_t{0}}) {
    for (int shift = 0; shift < 32; shift += 8) frame += static_cast<char>((length >> shift) & 0xffu);
  }
  return frame + header;
}

Status write_stage_setup(int fd, const v1::StageSetup& setup) {
  const std::string bytes = encode_stage_setup(setup);
  const ssize_t written = ::write(fd, bytes.data(), bytes.size());
  if (written == static_cast<ssize_t>(bytes.size())) return {};
  return fail(ErrorCode::kFailed, "cannot tell the stage what to do: " + errno_text(errno));
}

Result<v1::StageSetup> read_stage_setup(int fd) {
  const auto nothing = fail(ErrorCode::kFailed, "its parent did not say what to do");
  unsigned char prefix[8];
  if (!read_whole(fd, reinterpret_cast<char*>(prefix), sizeof prefix)) return nothing;
  std::size_t size = 0;
  for (int i = 3; i >= 0; --i) size = (size << 8) | prefix[i];
  if (size > kHeaderBytesMax) return nothing;
  std::string header(size, '\0');
  v1::LocalMessage message;
  if (!read_whole(fd, header.data(), size) || !message.ParseFromString(header) || !message.has_stage_setup()) return nothing;
  return message.stage_setup();
}

}  // namespace sheaf::wire
