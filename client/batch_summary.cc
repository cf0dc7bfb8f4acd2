#include "client/batch_summary.h"

#include <algorithm>

#include "common/base/exit_code.h"
#include "common/base/text.h"
#include "sheaf/v1/command.pb.h"

namespace sheaf::client {

namespace {

constexpr std::uint64_t kFailedMax = 100;
constexpr int kExitMoreFailed = 101;
constexpr int kExitNotAnItem = 255;

v1::BatchReport report_of(const RunOutcome& outcome) {
  v1::BatchReport report;
  if (!report.ParseFromString(outcome.update.report())) report.Clear();
  return report;
}

std::string plural(std::uint64_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

}  // namespace

std::string batch_summary(const RunOutcome& outcome) {
  const v1::BatchReport report = report_of(outcome);
  std::string text;
  std::uint64_t not_started = 0;
  for (const v1::StartFault& fault : report.start_faults()) {
    text += "sheaf batch: " + escape_control(fault.what()) + " (" + plural(fault.items(), "item") + ")\n";
    not_started += fault.items();
  }
  const std::uint64_t failed = report.failed() - std::min(report.failed(), not_started);
  if (failed == 0) return text;
  text += "sheaf batch: " + std::to_string(failed) + " of " + plural(report.items(), "item") + " failed";
  if (report.first_failed_size() == 0) return text + " for other reasons\n";
  text += ": ";
  const char* separator = "";
  for (const v1::FailedItem& item : report.first_failed()) {
    text += separator + std::string("item ") + std::to_string(item.number()) + " (" + item.values() + ") " + item.what();
    separator = ", ";
  }
  return text + (failed > static_cast<std::uint64_t>(report.first_failed_size()) ? ", ...\n" : "\n");
}

int batch_exit_code(const RunOutcome& outcome) {
  if (outcome.is_done()) {
    const std::uint64_t failed = report_of(outcome).failed();
    return failed > kFailedMax ? kExitMoreFailed : static_cast<int>(failed);
  }
  const ErrorCode code = outcome.errors.front().code;
  const bool is_stopped = code == ErrorCode::kStopped || code == ErrorCode::kOutputClosed;
  return is_stopped ? exit_code(outcome.errors, outcome.signal) : kExitNotAnItem;
}

}  // namespace sheaf::client
