#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "common/media/av.h"
#include "common/runtime/fd.h"

namespace sheaf::media {

/// A file on disk that is read several times over, through one descriptor: all readers see one file, whatever becomes of its
/// name meanwhile, and only as much of it as there was when it was opened.
class InputFile {
 public:
  /// Errors: kInput, when there is no such file, when it is none that can be read twice (a directory, a pipe), or when it is
  /// empty.
  static Result<std::shared_ptr<const InputFile>> open(const std::string& path);

  const std::string& path() const { return path_; }
  std::int64_t size() const { return state_.st_size; }

  /// Up to `size` bytes from `offset` on, or an AVERROR.
  int read(std::int64_t offset, std::uint8_t* to, int size) const;

  /// Whether the file under this name is still the one that was opened, as it was. Errors: kInput "has changed".
  Status check_unchanged() const;

 private:
  InputFile(std::string path, Fd fd, const struct stat& state) : path_(std::move(path)), fd_(std::move(fd)), state_(state) {}

  std::string path_;
  Fd fd_;
  struct stat state_;
};

struct InputReaderCloser {
  void operator()(AVIOContext* reader) const;
};
/// A place in an InputFile, for libavformat.
using InputReaderPtr = std::unique_ptr<AVIOContext, InputReaderCloser>;

/// At the start of `file`, which it keeps open.
InputReaderPtr make_input_reader(std::shared_ptr<const InputFile> file);

}  // namespace sheaf::media
