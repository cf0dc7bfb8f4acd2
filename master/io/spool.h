#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "common/base/result.h"
#include "common/runtime/fd.h"

namespace sheaf::master {

class Spool;

/// The bytes of one job's payload or result while the master has them: few in memory, more in the spool. What lies in the spool
/// is given free with it. Must not outlive its spool.
class StoredPayload {
 public:
  StoredPayload(StoredPayload&&) noexcept;
  StoredPayload& operator=(StoredPayload&&) noexcept;
  ~StoredPayload();

  std::uint64_t size() const { return size_; }
  Digest digest() const { return digest_; }

  /// Writes at `offset`; a range inside size() (checked). Errors: kState, disk full for instance.
  Status write(std::uint64_t offset, std::string_view bytes);
  /// Errors: kState.
  Result<std::string> read(std::uint64_t offset, std::uint64_t size) const;
  Result<std::string> read_all() const { return read(0, size_); }

 private:
  friend class Spool;
  struct Segment;
  StoredPayload(std::uint64_t size, Digest digest) : size_(size), digest_(digest) {}

  std::uint64_t size_ = 0;
  Digest digest_;
  std::string memory_;                ///< When there is no segment.
  std::shared_ptr<Segment> segment_;  ///< Closed, and its disk space given back, when nothing in it is needed any more.
  std::uint64_t offset_ = 0;          ///< In the segment.
};

/// Where the master keeps what does not belong into its memory: files without a name in the state directory, filled one after
/// the other, each gone as soon as nothing in it is needed. Names would be of no use without a journal that refers to them
/// (docs/decisions/spool.md).
///
/// Not thread-safe: the thread that created it makes every call.
class Spool {
 public:
  /// What is kept in memory: this much and less. Everything else lies on disk (in the page cache, as long as there is room).
  static constexpr std::uint64_t kMemoryBytesMax = 16 * 1024;
  /// A segment is closed for writing when it has reached this; a payload never spans two.
  static constexpr std::uint64_t kSegmentBytes = 64 * 1024 * 1024;

  /// `directory` must exist.
  explicit Spool(std::string directory) : directory_(std::move(directory)) {}

  /// Room for `size` bytes, to be written in pieces. Errors: kState when the disk takes no more files.
  Result<StoredPayload> reserve(std::uint64_t size, Digest digest);
  /// `bytes`, stored: in memory while they are at most `memory_bytes_max`.
  Result<StoredPayload> store(std::string bytes, Digest digest, std::uint64_t memory_bytes_max = kMemoryBytesMax);

 private:
  std::string directory_;
  std::shared_ptr<StoredPayload::Segment> current_;
};

}  // namespace sheaf::master
