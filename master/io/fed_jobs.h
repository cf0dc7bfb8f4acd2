#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "master/io/spool.h"

namespace sheaf::master {

/// The payloads of one run's jobs that are fed and not committed. Thousands of small jobs may wait, so one that has no more to
/// it than bytes in memory takes 24 bytes here beside them.
class FedJobs {
 public:
  /// In the place of what was there. `label`: for people.
  void put(JobKey key, StoredPayload payload, std::string label);
  std::optional<StoredPayload> find(JobKey key) const;
  /// Empty if the job has none, or is not here.
  std::string label(JobKey key) const;
  void erase(JobKey key);
  void clear();

  bool empty() const { return size_ == 0; }
  /// For tests.
  std::vector<JobKey> keys() const;

 private:
  struct Plain {
    Digest digest;
    Bytes bytes;  ///< Empty: not here, or among the others.
  };
  struct Other {
    StoredPayload payload;
    std::string label;
  };
  const Plain* find_plain(JobKey key) const;

  std::deque<Plain> plain_;  ///< Of the jobs from (first_plain_, 0) on.
  std::uint64_t first_plain_ = 0;
  std::map<JobKey, Other> others_;
  std::size_t size_ = 0;
};

}  // namespace sheaf::master
