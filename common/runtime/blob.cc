#include "common/runtime/blob.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "common/base/check.h"
#include "common/runtime/files.h"

namespace sheaf {

namespace {

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

Blob Blob::of(Bytes bytes) {
  Blob blob;
  blob.size_ = bytes.size();
  blob.shared_ = std::move(bytes);
  return blob;
}

Result<Blob> Blob::of_file(Fd file, std::uint64_t size) {
  Blob blob;
  blob.file_ = std::move(file);
  blob.size_ = size;
  Hasher& hasher = blob.hasher_.emplace();
  std::vector<std::byte> buffer(256 * 1024);
  for (std::uint64_t offset = 0; offset < size;) {
    const auto piece = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), size - offset));
    if (Status status = blob.read(offset, piece); !status) return propagate(status);
    hasher.update(piece);
    offset += piece.size();
  }
  return blob;
}

Status Blob::append(std::span<const std::byte> bytes) {
  Hasher& hasher = this->hasher();  // First: it begins with what is in memory.
  if (is_in_memory() && size_ + bytes.size() > kInlinePayloadBytesMax) {
    if (Status status = move_to_file(); !status) return status;
  }
  if (is_in_memory()) {
    if (!shared_.empty()) written_ = std::exchange(shared_, {}).text();
    written_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  } else if (Status status = write_at(file_.get(), size_, bytes); !status) {
    return fail(ErrorCode::kFailed, "cannot keep a large payload: " + status.error().what, directory_,
                "free some space there, or set TMPDIR to another directory");
  }
  size_ += bytes.size();
  hasher.update(bytes);
  return {};
}

Status Blob::append(std::string_view bytes) {
  return append(as_bytes(bytes));
}

Status Blob::read(std::uint64_t offset, std::span<std::byte> out) const {
  SHEAF_CHECK(offset <= size_ && out.size() <= size_ - offset);
  if (is_in_memory()) {
    std::copy_n(as_bytes(in_memory()).begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return {};
  }
  return read_at(file_.get(), offset, out);
}

Result<std::string> Blob::read(std::uint64_t offset, std::uint64_t size) const {
  std::string bytes(size, '\0');
  if (Status status = read(offset, std::as_writable_bytes(std::span(bytes))); !status) return propagate(status);
  return bytes;
}

Result<Bytes> Blob::bytes() const {
  if (is_in_memory()) return memory();
  return read_all().map([](std::string bytes) { return Bytes(std::move(bytes)); });
}

Bytes Blob::memory() const {
  SHEAF_CHECK(is_in_memory());
  if (shared_.empty()) shared_ = std::exchange(written_, {});
  return shared_;
}

std::string_view Blob::in_memory() const {
  return shared_.empty() ? std::string_view(written_) : shared_.view();
}

Digest Blob::digest() const {
  if (hasher_) return hasher_->digest();
  if (!digest_) digest_ = digest_of(as_bytes(in_memory()));
  return *digest_;
}

Hasher& Blob::hasher() {
  if (!hasher_) {
    hasher_.emplace();
    hasher_->update(as_bytes(in_memory()));
  }
  return *hasher_;
}

int Blob::file() const {
  SHEAF_CHECK(!is_in_memory());
  return file_.get();
}

Fd Blob::take_file() && {
  SHEAF_CHECK(!is_in_memory());
  return std::move(std::exchange(*this, Blob(directory_)).file_);
}

Status Blob::move_to_file() {
  auto file = open_unnamed_file(directory_);
  if (!file) return propagate(file);
  if (Status status = write_at(file->get(), 0, as_bytes(in_memory())); !status) return status;
  file_ = std::move(*file);
  written_ = {};
  shared_ = {};
  return {};
}

}  // namespace sheaf
