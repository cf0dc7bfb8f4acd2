#include "master/io/spool.h"

#include <utility>

#include "common/base/check.h"
#include "common/runtime/fd.h"
#include "common/runtime/files.h"

namespace sheaf::master {

namespace {

class UnnamedFile : public SpoolFile {
 public:
  /// `directory`: where it lies, for messages.
  UnnamedFile(Fd file, std::string directory) : file_(std::move(file)), directory_(std::move(directory)) {}

  Status write(std::uint64_t offset, std::string_view bytes) override {
    Status status = write_at(file_.get(), offset, std::as_bytes(std::span(bytes.data(), bytes.size())));
    // Not kState: nothing is damaged. It is the disk of the output, or of the state beside it, that has to be looked after.
    if (status) return status;
    return fail(ErrorCode::kOutput, "cannot keep what is on its way to the output: " + status.error().what, directory_,
                "free some disk space");
  }

  Status read(std::uint64_t offset, std::span<std::byte> out) const override {
    Status status = read_at(file_.get(), offset, out);
    if (status) return status;
    return fail(ErrorCode::kState, "the master cannot read a payload again: " + status.error().what, directory_);
  }

 private:
  Fd file_;
  std::string directory_;
};

}  // namespace

Result<std::unique_ptr<SpoolFile>> DirectoryDisk::make_file() {
  auto file = open_unnamed_file(directory_);
  if (!file) return fail(ErrorCode::kState, file.error().what, directory_, "free some disk space");
  return std::make_unique<UnnamedFile>(std::move(*file), directory_);
}

struct StoredPayload::Segment {
  std::unique_ptr<SpoolFile> file;
  std::uint64_t used = 0;
};

Status StoredPayload::write(std::uint64_t offset, std::string_view bytes) {
  SHEAF_CHECK(segment_ && offset <= size_ && bytes.size() <= size_ - offset);
  return segment_->file->write(offset_ + offset, bytes);
}

Result<Bytes> StoredPayload::read_all() const {
  return segment_ ? read(0, size_) : memory_;
}

Result<Bytes> StoredPayload::read(std::uint64_t offset, std::uint64_t size) const {
  SHEAF_CHECK(offset <= size_ && size <= size_ - offset);
  if (!segment_) return Bytes::copy_of(memory_.view().substr(offset, size));
  std::string bytes(size, '\0');
  if (Status status = segment_->file->read(offset_ + offset, std::as_writable_bytes(std::span(bytes))); !status) {
    return propagate(status);
  }
  return Bytes(std::move(bytes));
}

Result<StoredPayload> Spool::reserve(std::uint64_t size, Digest digest) {
  StoredPayload stored(size, digest);
  if (!current_ || current_->used + size > kSegmentBytes) {
    auto file = disk_.make_file();
    if (!file) return propagate(file);
    current_ = std::make_shared<StoredPayload::Segment>(StoredPayload::Segment{std::move(*file), 0});
  }
  stored.segment_ = current_;
  stored.offset_ = current_->used;
  current_->used += size;
  return stored;
}

Result<StoredPayload> Spool::store(Bytes bytes, Digest digest, std::uint64_t memory_bytes_max) {
  if (bytes.size() <= memory_bytes_max) return StoredPayload(std::move(bytes), digest);
  auto stored = reserve(bytes.size(), digest);
  if (!stored) return stored;
  if (Status status = stored->write(0, bytes); !status) return propagate(status);
  return stored;
}

}  // namespace sheaf::master
