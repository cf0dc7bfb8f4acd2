#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "common/media/av.h"
#include "common/runtime/fd.h"

namespace sheaf::media {

/// Where a muxer's bytes go: a file that is made for it, or nowhere (to see whether a container takes a set of streams). It
/// remembers the first thing that went wrong, in the words of errno, because libavformat forgets it on the way.
///
/// Not movable: libavformat holds its address.
class OutputFile {
 public:
  /// Swallows everything.
  OutputFile();
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Creates `path`, which must not exist. Errors: kOutput.
  Status create(const std::string& path);

  /// For AVFormatContext::pb; stays this object's.
  AVIOContext* io() const { return io_; }

  /// Whether every write so far has reached the file. Errors: kOutput: "no space left on device".
  Status check() const;
  /// Writes out what is buffered, makes it durable and closes the file. Errors: kOutput.
  Status close();

  std::uint64_t size() const { return size_; }

 private:
  static int on_write(void* self, std::uint8_t* data, int size);
  static std::int64_t on_seek(void* self, std::int64_t offset, int whence);

  std::string path_;
  Fd file_;
  AVIOContext* io_ = nullptr;
  std::uint64_t position_ = 0;
  std::uint64_t size_ = 0;
  int error_ = 0;
};

}  // namespace sheaf::media
