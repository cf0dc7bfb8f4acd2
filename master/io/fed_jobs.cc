#include "master/io/fed_jobs.h"

#include <utility>

namespace sheaf::master {

void FedJobs::put(JobKey key, StoredPayload payload, std::string label) {
  erase(key);
  size_ += 1;
  const std::optional<Bytes> bytes = payload.in_memory();
  if (plain_.empty()) first_plain_ = key.seq;
  // Jobs are fed in order; what is done again, or is a part, comes later and elsewhere.
  if (!bytes || bytes->empty() || !label.empty() || key.sub != 0 || key.seq < first_plain_ + plain_.size()) {
    others_.insert_or_assign(key, Other{std::move(payload), std::move(label)});
    return;
  }
  plain_.resize(key.seq - first_plain_);
  plain_.push_back({payload.digest(), *bytes});
}

const FedJobs::Plain* FedJobs::find_plain(JobKey key) const {
  if (key.sub != 0 || key.seq < first_plain_ || key.seq - first_plain_ >= plain_.size()) return nullptr;
  const Plain& plain = plain_[key.seq - first_plain_];
  return plain.bytes.empty() ? nullptr : &plain;
}

std::optional<StoredPayload> FedJobs::find(JobKey key) const {
  if (const Plain* plain = find_plain(key)) return StoredPayload(plain->bytes, plain->digest);
  const auto other = others_.find(key);
  return other == others_.end() ? std::nullopt : std::optional(other->second.payload);
}

std::string FedJobs::label(JobKey key) const {
  const auto other = others_.find(key);
  return other == others_.end() ? std::string() : other->second.label;
}

void FedJobs::erase(JobKey key) {
  if (find_plain(key) == nullptr) {
    size_ -= others_.erase(key);
    return;
  }
  plain_[key.seq - first_plain_].bytes = {};
  size_ -= 1;
  for (; !plain_.empty() && plain_.front().bytes.empty(); ++first_plain_) plain_.pop_front();
}

void FedJobs::clear() {
  *this = FedJobs();
}

std::vector<JobKey> FedJobs::keys() const {
  std::vector<JobKey> keys;
  for (const auto& [key, other] : others_) keys.push_back(key);
  for (std::size_t i = 0; i < plain_.size(); ++i) {
    if (!plain_[i].bytes.empty()) keys.push_back({first_plain_ + i, 0});
  }
  return keys;
}

}  // namespace sheaf::master
