#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace sheaf {

/// Bytes that do not change and that all copies of this share: a copy costs a count, whatever the size. Few bytes take a block
/// of their own size and 8 more; many stay where they are, with whoever owned them (a string, a message of ZeroMQ).
///
/// Copies may be used and destroyed on different threads at the same time.
class Bytes {
 public:
  Bytes() = default;
  Bytes(std::string bytes) : Bytes(bytes.size() <= kCopiedBytesMax ? copy_of(bytes) : kept_by(std::move(bytes))) {}
  Bytes(const char* text) : Bytes(copy_of(text)) {}
  /// The bytes that `owner` has (data() and size()), where they are.
  template <class Owner>
  static Bytes kept_by(Owner owner) {
    return owner.size() == 0 ? Bytes() : Bytes(new Kept<Owner>(std::move(owner)));
  }
  static Bytes copy_of(std::string_view bytes);

  Bytes(const Bytes& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->uses.fetch_add(1, std::memory_order_relaxed);
  }
  Bytes(Bytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Bytes& operator=(Bytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Bytes();

  std::string_view view() const;
  operator std::string_view() const { return view(); }
  std::string text() const { return std::string(view()); }
  const char* data() const { return view().data(); }
  std::size_t size() const { return view().size(); }
  bool empty() const { return block_ == nullptr; }

  friend bool operator==(const Bytes& a, const Bytes& b) { return a.view() == b.view(); }
  friend bool operator==(const Bytes& a, std::string_view b) { return a.view() == b; }
  friend bool operator==(const Bytes& a, const std::string& b) { return a.view() == b; }
  friend bool operator==(const Bytes& a, const char* b) { return a.view() == b; }
  friend std::ostream& operator<<(std::ostream& out, const Bytes& bytes) { return out << bytes.view(); }

 private:
  /// Up to here a copy is cheaper than a second block for the owner.
  static constexpr std::size_t kCopiedBytesMax = 1024;
  static constexpr std::uint32_t kElsewhere = UINT32_MAX;

  /// The bytes follow it, unless they are elsewhere.
  struct Block {
    std::atomic<std::uint32_t> uses = 1;
    std::uint32_t size = 0;
  };
  struct Elsewhere : Block {
    Elsewhere() { size = kElsewhere; }
    virtual ~Elsewhere() = default;
    std::string_view bytes;
  };
  template <class Owner>
  struct Kept final : Elsewhere {
    explicit Kept(Owner kept) : owner(std::move(kept)) {
      bytes = std::string_view(static_cast<const char*>(owner.data()), owner.size());
    }
    Owner owner;
  };

  explicit Bytes(Block* block) : block_(block) {}

  Block* block_ = nullptr;  ///< Null when there are no bytes.
};

}  // namespace sheaf
