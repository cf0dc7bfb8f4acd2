#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/digest.h"
#include "common/base/result.h"
#include "common/runtime/bytes.h"

namespace sheaf::master {

class Spool;

/// A file of the spool: written and read at offsets, gone with its object.
class SpoolFile {
 public:
  virtual ~SpoolFile() = default;
  /// Errors: kOutput; what was written of it is not known then.
  virtual Status write(std::uint64_t offset, std::string_view bytes) = 0;
  /// All of `out`, which was written before. Errors: kState.
  virtual Status read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

/// What the spool lies on. Tests put a disk in its place that is full, or cannot be read.
class SpoolDisk {
 public:
  virtual ~SpoolDisk() = default;
  /// An empty file. Errors: kState.
  virtual Result<std::unique_ptr<SpoolFile>> make_file() = 0;
};

/// Files without a name in a directory, which must exist.
class DirectoryDisk : public SpoolDisk {
 public:
  explicit DirectoryDisk(std::string directory) : directory_(std::move(directory)) {}
  Result<std::unique_ptr<SpoolFile>> make_file() override;

 private:
  std::string directory_;
};

/// The bytes of one job's payload or result while the master has them: few in memory, more in the spool. Copies share them;
/// what lies in the spool is given free with the last one. Must not outlive its spool.
class StoredPayload {
 public:
  /// In memory.
  StoredPayload(Bytes bytes, Digest digest) : size_(bytes.size()), digest_(digest), memory_(std::move(bytes)) {}

  std::uint64_t size() const { return size_; }
  Digest digest() const { return digest_; }
  /// The bytes, if they are in memory.
  std::optional<Bytes> in_memory() const { return segment_ ? std::nullopt : std::optional(memory_); }

  /// Writes at `offset` of what was reserved; a range inside size() (checked). Errors: kOutput, disk full for instance.
  Status write(std::uint64_t offset, std::string_view bytes);
  /// Errors: kState.
  Result<Bytes> read(std::uint64_t offset, std::uint64_t size) const;
  /// What is in memory is shared, not copied. Errors: as read().
  Result<Bytes> read_all() const;

 private:
  friend class Spool;
  struct Segment;
  StoredPayload(std::uint64_t size, Digest digest) : size_(size), digest_(digest) {}

  std::uint64_t size_ = 0;
  Digest digest_;
  Bytes memory_;                      ///< When there is no segment.
  std::shared_ptr<Segment> segment_;  ///< Closed, and its disk space given back, when nothing in it is needed any more.
  std::uint64_t offset_ = 0;          ///< In the segment.
};

/// Where the master keeps what does not belong into its memory: files without a name, filled one after the other, each gone as
/// soon as nothing in it is needed. Names would be of no use without a journal that refers to them (docs/decisions/spool.md).
///
/// Not thread-safe: the thread that created it makes every call.
class Spool {
 public:
  /// What is kept in memory: this much and less. Everything else lies on disk (in the page cache, as long as there is room).
  static constexpr std::uint64_t kMemoryBytesMax = 16 * 1024;
  /// A segment is closed for writing when it has reached this; a payload never spans two.
  static constexpr std::uint64_t kSegmentBytes = 64 * 1024 * 1024;

  /// `disk` must outlive it.
  explicit Spool(SpoolDisk& disk) : disk_(disk) {}

  /// Room for `size` bytes, to be written in pieces. Errors: kState when the disk takes no more files.
  Result<StoredPayload> reserve(std::uint64_t size, Digest digest);
  /// `bytes`, stored: in memory while they are at most `memory_bytes_max`.
  Result<StoredPayload> store(Bytes bytes, Digest digest, std::uint64_t memory_bytes_max = kMemoryBytesMax);

 private:
  SpoolDisk& disk_;
  std::shared_ptr<StoredPayload::Segment> current_;
};

}  // namespace sheaf::master
