// libcount_copies.so, which dispatch_bench has loaded before everything else: takes the place of memcpy() and memmove(),
// sheaf's as well as those of the libraries that it uses, and counts the bytes of the large ones.
//
// What the compiler puts in line is not seen, nor what the kernel copies; so payloads have to be large.

#include "bench/dispatch/count_copies.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

using Copy = void* (*)(void*, const void*, std::size_t);
using Counter = std::atomic<std::uint64_t>;

/// Nothing that is smaller counts.
std::size_t counted_bytes_min = SIZE_MAX;
Counter* counter = nullptr;

/// In a file, since most of these programs end without a word.
__attribute__((constructor)) void open_counter() {
  const char* directory = std::getenv(sheaf::bench::kCountDirectory);
  const char* bytes_min = std::getenv(sheaf::bench::kCountedBytesMin);
  if (directory == nullptr || bytes_min == nullptr) return;
  char path[4096];
  std::snprintf(path, sizeof path, "%s/%s-%d", directory, program_invocation_short_name, static_cast<int>(::getpid()));
  const int file = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ::ftruncate(file, sizeof(Counter)) != 0) return;
  void* memory = ::mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (memory == MAP_FAILED) return;
  counter = static_cast<Counter*>(memory);
  counted_bytes_min = std::strtoull(bytes_min, nullptr, 10);
}

void count(std::size_t bytes) {
  if (bytes >= counted_bytes_min) counter->fetch_add(bytes, std::memory_order_relaxed);
}

/// Copies before dlsym() can be asked, and whatever dlsym() itself copies.
void* copy_by_hand(void* to, const void* from, std::size_t bytes) {
  auto* target = static_cast<volatile char*>(to);
  const auto* source = static_cast<const volatile char*>(from);
  if (target < source) {
    for (std::size_t i = 0; i < bytes; ++i) target[i] = source[i];
  } else {
    while (bytes-- > 0) target[bytes] = source[bytes];
  }
  return to;
}

/// The real memmove(), which does for memcpy() too.
Copy real_copy() {
  static std::atomic<Copy> real = nullptr;
  static thread_local bool is_asking = false;
  Copy known = real.load(std::memory_order_acquire);
  if (known != nullptr || is_asking) return known;
  is_asking = true;
  known = reinterpret_cast<Copy>(::dlsym(RTLD_NEXT, "memmove"));
  is_asking = false;
  real.store(known, std::memory_order_release);
  return known;
}

void* copy(void* to, const void* from, std::size_t bytes) {
  count(bytes);
  const Copy real = real_copy();
  return real != nullptr ? real(to, from, bytes) : copy_by_hand(to, from, bytes);
}

}  // namespace

extern "C" {
void* memcpy(void* to, const void* from, std::size_t bytes) {
  return copy(to, from, bytes);
}
void* memmove(void* to, const void* from, std::size_t bytes) {
  return copy(to, from, bytes);
}
void* __memcpy_chk(void* to, const void* from, std::size_t bytes, std::size_t /*room*/) {
  return copy(to, from, bytes);
}
void* __memmove_chk(void* to, const void* from, std::size_t bytes, std::size_t /*room*/) {
  return copy(to, from, bytes);
}
}
