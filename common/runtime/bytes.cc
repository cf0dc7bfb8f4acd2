#include "common/runtime/bytes.h"

#include <cstring>
#include <new>

namespace sheaf {

Bytes Bytes::copy_of(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (bytes.size() >= kElsewhere) return kept_by(std::string(bytes));
  Block* block = new (::operator new(sizeof(Block) + bytes.size())) Block;
  block->size = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(static_cast<void*>(block + 1), bytes.data(), bytes.size());
  return Bytes(block);
}

Bytes::~Bytes() {
  if (block_ == nullptr || block_->uses.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  if (block_->size == kElsewhere) {
    delete static_cast<Elsewhere*>(block_);
  } else {
    block_->~Block();
    ::operator delete(block_);
  }
}

std::string_view Bytes::view() const {
  if (block_ == nullptr) return {};
  if (block_->size == kElsewhere) return static_cast<const Elsewhere*>(block_)->bytes;
  return {reinterpret_cast<const char*>(block_ + 1), block_->size};
}

}  // namespace sheaf
