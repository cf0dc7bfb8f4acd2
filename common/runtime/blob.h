#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "common/base/result.h"
#include "common/runtime/bytes.h"
#include "common/runtime/fd.h"

namespace sheaf {

/// Up to this size a payload stays in memory and travels inside a message; a larger one lies in a file without a name and
/// travels as parts. So no process ever holds the whole of a large payload.
inline constexpr std::uint64_t kInlinePayloadBytesMax = 1024 * 1024;

/// The bytes of one payload: in memory while they are few, in an unlinked temporary file beyond kInlinePayloadBytesMax. Written
/// once from front to back, then read. The digest is kept up while writing.
///
/// Movable, not copyable; not thread-safe.
class Blob {
 public:
  /// Empty. Large ones go to a file in `directory` (a real disk, not a tmpfs); it must outlive the blob.
  explicit Blob(std::string directory = "/var/tmp") : directory_(std::move(directory)) {}

  /// `bytes` as they are, in memory whatever their size.
  static Blob of(Bytes bytes);

  /// The first `size` bytes of an open file, for instance one that another process has passed; read once to learn the digest.
  /// Errors: kFailed if the file cannot be read or is shorter.
  static Result<Blob> of_file(Fd file, std::uint64_t size);

  /// Errors: kFailed if the temporary file cannot be made or written (disk full).
  Status append(std::span<const std::byte> bytes);
  Status append(std::string_view bytes);

  /// Fills `out` with the bytes from `offset`. The range must lie inside (checked). Errors: kFailed if the file cannot be read.
  Status read(std::uint64_t offset, std::span<std::byte> out) const;
  Result<std::string> read(std::uint64_t offset, std::uint64_t size) const;
  Result<std::string> read_all() const { return read(0, size_); }
  /// All bytes: those in memory are shared, not copied. Errors: as read().
  Result<Bytes> bytes() const;

  std::uint64_t size() const { return size_; }
  /// Of all bytes, worked out when it is first asked for, unless they were written piece by piece.
  Digest digest() const;

  bool is_in_memory() const { return !file_.is_open(); }
  /// The same, only while is_in_memory() (checked).
  Bytes memory() const;
  /// The open file; only while not is_in_memory() (checked). Stays the blob's.
  int file() const;

  /// The file, given away: the blob is empty afterwards.
  Fd take_file() &&;

 private:
  Status move_to_file();
  std::string_view in_memory() const;
  Hasher& hasher();

  std::string directory_;
  mutable std::string written_;  ///< What was appended and has not been shared.
  mutable Bytes shared_;         ///< All bytes, once they are shared.
  Fd file_;
  std::uint64_t size_ = 0;
  std::optional<Hasher> hasher_;          ///< Once there was an append().
  mutable std::optional<Digest> digest_;  ///< Once it was worked out without a hasher.
};

}  // namespace sheaf
