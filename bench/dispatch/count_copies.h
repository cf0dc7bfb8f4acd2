#pragma once

namespace sheaf::bench {

/// Environment of libcount_copies.so: where each process counts, in a file of its own, as one uint64; and how large a
/// copy must be to count.
inline constexpr char kCountDirectory[] = "SHEAF_BENCH_COUNT_DIRECTORY";
inline constexpr char kCountedBytesMin[] = "SHEAF_BENCH_COUNTED_BYTES_MIN";

}  // namespace sheaf::bench
