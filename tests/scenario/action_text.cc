#include <string>
#include <type_traits>
#include <variant>

#include "common/base/text.h"
#include "tests/scenario/event_text.h"

namespace sheaf::scenario {

using namespace sheaf::master;

namespace {

std::string worker(WorkerId id) {
  return " worker=" + std::to_string(id.value);
}
std::string run(RunId id) {
  return " run=" + std::to_string(id.value);
}
std::string job(JobId id) {
  return " job=" + std::to_string(id.run.value) + "/" + to_string(id.key);
}
std::string attempt(Attempt a) {
  return " attempt=" + to_string(a);
}
std::string field(const char* name, std::uint64_t value) {
  return std::string(" ") + name + "=" + std::to_string(value);
}
// In a scenario digests are small numbers.
std::string field(const char* name, const Digest& digest) {
  return digest.high == 0 ? field(name, digest.low) : std::string(" ") + name + "=" + digest.hex();
}

std::string text(const Assign& a) {
  return "assign" + worker(a.worker) + job(a.job) + attempt(a.attempt);
}
std::string text(const Revoke& a) {
  return "revoke" + worker(a.worker) + job(a.job) + attempt(a.attempt);
}
std::string text(const Commit& a) {
  return "commit" + job(a.job) + attempt(a.attempt) + worker(a.worker) + field("digest", a.digest) +
         field("result_bytes", a.result_bytes);
}
std::string text(const CommitFault& a) {
  return "commit_fault" + job(a.job) + attempt(a.attempt) + " reason=\"" + a.reason + "\"";
}
std::string text(const AckResult& a) {
  return "ack_result" + worker(a.worker) + job(a.job) + attempt(a.attempt);
}
std::string text(const DropResult& a) {
  return "drop_result" + worker(a.worker) + job(a.job) + attempt(a.attempt);
}
std::string text(const Deliver& a) {
  return "deliver" + job(a.job);
}
std::string text(const ReleasePayload& a) {
  return "release_payload" + job(a.job);
}
std::string text(const ReleaseResult& a) {
  return "release_result" + job(a.job);
}
std::string text(const AskFeed& a) {
  return "ask_feed" + run(a.run) + field("bytes_until", a.bytes_until) + field("jobs_until", a.jobs_until);
}
std::string text(const ExpireWorker& a) {
  return "expire_worker" + worker(a.worker) + " silent=" + std::to_string(milliseconds(a.silent)) + "ms";
}
std::string text(const RunBound& a) {
  return "run_bound" + run(a.run);
}
std::string text(const RunFailed& a) {
  return "run_failed" + run(a.run) + job(a.job) + field("tries", a.tries) + " reason=\"" + escape_control(a.reason) + "\"";
}
std::string text(const Alarm& a) {
  return "alarm" + job(a.job) + field("committed", a.committed) + field("other", a.other);
}

}  // namespace

std::string to_text(const Action& action) {
  return std::visit([](const auto& a) { return text(a); }, action);
}

}  // namespace sheaf::scenario
