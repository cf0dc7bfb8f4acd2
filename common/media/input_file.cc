#include "common/media/input_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/base/check.h"

namespace sheaf::media {

namespace {

constexpr int kBufferBytes = 32 * 1024;  // As libavformat's own reader of files.

struct Place {
  std::shared_ptr<const InputFile> file;
  std::int64_t offset = 0;
};

int read_packet(void* opaque, std::uint8_t* to, int size) {
  auto& place = *static_cast<Place*>(opaque);
  const int got = place.file->read(place.offset, to, size);
  if (got > 0) place.offset += got;
  return got == 0 ? AVERROR_EOF : got;
}

std::int64_t seek(void* opaque, std::int64_t offset, int whence) {
  auto& place = *static_cast<Place*>(opaque);
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE: return place.file->size();
    case SEEK_SET: break;
    case SEEK_CUR: offset += place.offset; break;
    case SEEK_END: offset += place.file->size(); break;
    default: return AVERROR(EINVAL);
  }
  if (offset < 0) return AVERROR(EINVAL);
  place.offset = offset;
  return offset;
}

bool same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

Result<std::shared_ptr<const InputFile>> InputFile::open(const std::string& path) {
  // O_NONBLOCK: a pipe that nobody writes to must not hold us up until we can say that it is one.
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return fail(ErrorCode::kInput, "no such file", path);
    return fail(ErrorCode::kInput, "cannot be read: " + errno_text(errno), path);
  }
  struct stat state {};
  if (::fstat(fd.get(), &state) != 0) return fail(ErrorCode::kInput, "cannot be read: " + errno_text(errno), path);
  if (S_ISDIR(state.st_mode)) return fail(ErrorCode::kInput, "is a directory, not a video", path);
  if (!S_ISREG(state.st_mode)) return fail(ErrorCode::kInput, "is not a regular file: it is read several times", path);
  if (state.st_size == 0) return fail(ErrorCode::kInput, "the file is empty", path);
  return std::shared_ptr<const InputFile>(new InputFile(path, std::move(fd), state));
}

int InputFile::read(std::int64_t offset, std::uint8_t* to, int size) const {
  const std::int64_t wanted = std::min<std::int64_t>(size, this->size() - offset);
  if (wanted <= 0) return 0;
  for (;;) {
    const ssize_t got = ::pread(fd_.get(), to, static_cast<std::size_t>(wanted), offset);
    if (got >= 0) return static_cast<int>(got);
    if (errno != EINTR) return AVERROR(errno);
  }
}

Status InputFile::check_unchanged() const {
  const auto changed = [&](const std::string& how) {
    return fail(ErrorCode::kInput, "the file has changed during the run: " + how, path_,
                "run it again when nobody writes to it");
  };
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0) return changed("it is no longer there");
  if (now.st_dev != state_.st_dev || now.st_ino != state_.st_ino) return changed("another one has its name now");
  if (now.st_size > state_.st_size) return changed("it has grown");
  if (now.st_size < state_.st_size) return changed("it has become shorter");
  if (!same_time(now.st_mtim, state_.st_mtim)) return changed("it has been written to");
  return {};
}

void InputReaderCloser::operator()(AVIOContext* reader) const {
  delete static_cast<Place*>(reader->opaque);
  av_freep(&reader->buffer);
  avio_context_free(&reader);
}

InputReaderPtr make_input_reader(std::shared_ptr<const InputFile> file) {
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBufferBytes));
  SHEAF_CHECK(buffer != nullptr);
  AVIOContext* reader = avio_alloc_context(buffer, kBufferBytes, 0, new Place{std::move(file)}, read_packet, nullptr, seek);
  SHEAF_CHECK(reader != nullptr);
  return InputReaderPtr(reader);
}

}  // namespace sheaf::media
