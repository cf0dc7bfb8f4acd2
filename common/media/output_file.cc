#include "common/media/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

extern "C" {
#include <libavutil/mem.h>
}

#include "common/base/check.h"

namespace sheaf::media {

namespace {

constexpr int kBufferBytes = 256 * 1024;

tl::unexpected<Error> write_failed(int error, const std::string& path) {
  if (error == ENOSPC || error == EDQUOT) {
    return fail(ErrorCode::kOutput, "no space left on the disk", path, "free some space there, or choose another folder");
  }
  return fail(ErrorCode::kOutput, "cannot be written: " + errno_text(error), path);
}

}  // namespace

OutputFile::OutputFile() {
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBufferBytes));
  SHEAF_CHECK(buffer != nullptr);
  io_ = avio_alloc_context(buffer, kBufferBytes, 1, this, nullptr, &OutputFile::on_write, &OutputFile::on_seek);
  SHEAF_CHECK(io_ != nullptr);
}

OutputFile::~OutputFile() {
  av_freep(&io_->buffer);
  avio_context_free(&io_);
}

Status OutputFile::create(const std::string& path) {
  path_ = path;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return write_failed(errno, path);
  file_.reset(fd);
  return {};
}

Status OutputFile::check() const {
  if (error_ != 0) return write_failed(error_, path_);
  return {};
}

Status OutputFile::close() {
  avio_flush(io_);
  if (error_ == 0 && file_.is_open() && ::fsync(file_.get()) != 0) error_ = errno;
  // The result of close() matters: over NFS it is where a full disk shows.
  if (const int fd = file_.release(); fd >= 0 && ::close(fd) != 0 && error_ == 0) error_ = errno;
  return check();
}

int OutputFile::on_write(void* self, std::uint8_t* data, int size) {
  auto& file = *static_cast<OutputFile*>(self);
  if (file.error_ != 0) return AVERROR(file.error_);
  for (int done = 0; file.file_.is_open() && done < size;) {
    const auto offset = static_cast<off_t>(file.position_) + done;
    const ssize_t n = ::pwrite(file.file_.get(), data + done, static_cast<std::size_t>(size - done), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      file.error_ = errno;
      return AVERROR(errno);
    }
    done += static_cast<int>(n);
  }
  file.position_ += static_cast<std::uint64_t>(size);
  file.size_ = std::max(file.size_, file.position_);
  return size;
}

std::int64_t OutputFile::on_seek(void* self, std::int64_t offset, int whence) {
  auto& file = *static_cast<OutputFile*>(self);
  const auto size = static_cast<std::int64_t>(file.size_);
  if (whence == AVSEEK_SIZE) return size;
  std::int64_t base = 0;
  if (whence == SEEK_CUR) base = static_cast<std::int64_t>(file.position_);
  if (whence == SEEK_END) base = size;
  if (offset + base < 0) return AVERROR(EINVAL);
  file.position_ = static_cast<std::uint64_t>(offset + base);
  return offset + base;
}

}  // namespace sheaf::media
