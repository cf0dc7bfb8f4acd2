#pragma once

#include <cstdint>
#include <iterator>
#include <map>

namespace sheaf {

/// A set of numbers from 0 on that is filled more or less in order: kept as ranges, so that what has been filled without a gap
/// costs nothing.
class SeqSet {
 public:
  /// `seq` must not be in it.
  void insert(std::uint64_t seq) {
    size_ += 1;
    std::uint64_t begin = seq;
    std::uint64_t end = seq + 1;
    const auto after = ranges_.upper_bound(seq);
    if (after != ranges_.end() && after->first == end) end = after->second;
    if (after != ranges_.begin() && std::prev(after)->second == begin) begin = std::prev(after)->first;
    if (after != ranges_.end() && after->second == end) ranges_.erase(after);
    ranges_[begin] = end;
  }
  bool contains(std::uint64_t seq) const {
    const auto after = ranges_.upper_bound(seq);
    return after != ranges_.begin() && seq < std::prev(after)->second;
  }
  std::uint64_t size() const { return size_; }
  /// The least number that is not in it.
  std::uint64_t first_missing() const { return ranges_.empty() || ranges_.begin()->first != 0 ? 0 : ranges_.begin()->second; }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  ///< From begin to end, which is not in it; none touches another.
  std::uint64_t size_ = 0;
};

}  // namespace sheaf
