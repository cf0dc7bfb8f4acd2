#include "client/children.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "common/runtime/files.h"
#include "common/runtime/log.h"

namespace sheaf::client {

namespace {

constexpr Duration kLeaveMax = std::chrono::seconds(2);
constexpr Duration kKilledMax = std::chrono::seconds(2);
constexpr std::size_t kTailBytes = 4096;

void append_tail(std::string& tail, const char* bytes, std::size_t size) {
  tail.append(bytes, size);
  if (tail.size() > kTailBytes) tail.erase(0, tail.size() - kTailBytes);
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const std::size_t begin = text.rfind('\n');
  return begin == std::string::npos ? text : text.substr(begin + 1);
}

}  // namespace

std::string Children::Ended::text() const {
  return program + " " + exit.text() + (last_words.empty() ? "" : " (" + last_words + ")");
}

Children::Children(SignalFd& signals) : signals_(signals), is_captured_(std::getenv("SHEAF_LOG") == nullptr) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  // What is kept is evidence of a death: the ordinary news of a process that lived would only be misleading.
  if (is_captured_) ::setenv(kPrivateLogVariable, "error", 1);
}

Result<Children::Index> Children::start(const Request& how) {
  auto lifeline = make_pipe();
  if (!lifeline) return propagate(lifeline);
  if (!how.first_bytes.empty()) {
    const ssize_t written = ::write(lifeline->write.get(), how.first_bytes.data(), how.first_bytes.size());
    if (written != static_cast<ssize_t>(how.first_bytes.size())) {
      return fail(ErrorCode::kFailed, "cannot write to a pipe: " + errno_text(errno), how.program);
    }
  }
  ChildRequest request;
  request.program = program_directory() + "/" + how.program;
  request.arguments = how.arguments;
  request.descriptors = {lifeline->read.get()};
  Pipe output;
  if (how.own_input) {
    request.descriptors.push_back(*how.own_input);
    request.stdin_fd = STDIN_FILENO;
  } else {
    // Whatever they may print must not end up between the command's results.
    request.stdout_fd = STDERR_FILENO;
  }
  if (is_captured_ && !how.own_input) {
    auto pipe = make_pipe();
    if (!pipe) return propagate(pipe);
    output = std::move(*pipe);
    set_nonblocking(output.read.get(), true);
    request.stdout_fd = output.write.get();
    request.stderr_fd = output.write.get();
  }
  auto pid = start_child(request);
  if (!pid) {
    Error error = pid.error();
    error.code = ErrorCode::kCluster;
    error.advice = "is sheaf installed completely?";
    return tl::unexpected(std::move(error));
  }
  children_.push_back(
      Child{how.program, *pid, how.leave_signal, false, std::move(lifeline->write), std::move(output.read), {}});
  return children_.size() - 1;
}

std::vector<Children::Ended> Children::reap() {
  read_outputs();
  std::vector<Ended> ended;
  while (const std::optional<ChildExit> exit = poll_any_child()) {
    const auto child = std::find_if(children_.begin(), children_.end(),
                                    [&](const Child& one) { return !one.has_ended && one.pid == exit->pid; });
    if (child == children_.end()) continue;  // An orphan of one of ours.
    child->has_ended = true;
    child->lifeline.reset();
    child->output.reset();
    ended.push_back(Ended{static_cast<Index>(child - children_.begin()), *exit, child->program, last_line(child->tail)});
  }
  std::sort(ended.begin(), ended.end(), [](const Ended& a, const Ended& b) { return a.child < b.child; });
  return ended;
}

void Children::let_go(Index child) {
  children_.at(child).lifeline.reset();
}

std::vector<int> Children::output_descriptors() const {
  std::vector<int> descriptors;
  for (const Child& child : children_) {
    if (child.output.is_open()) descriptors.push_back(child.output.get());
  }
  return descriptors;
}

void Children::read_outputs() {
  for (Child& child : children_) {
    char buffer[4096];
    ssize_t size = 1;
    while (child.output.is_open() && size > 0) {
      size = ::read(child.output.get(), buffer, sizeof buffer);
      if (size > 0) append_tail(child.tail, buffer, static_cast<std::size_t>(size));
      if (size == 0) child.output.reset();
    }
  }
}

void Children::take_down() {
  for (Child& child : children_) {
    if (!child.has_ended) ::kill(child.pid, child.leave_signal);
    child.lifeline.reset();
    child.output.reset();
  }
  const auto note = [this] { reap(); };
  if (wait_for_all_children(signals_, kLeaveMax, WhenSignalled::kGiveUp, note)) return;
  // Each round can only orphan more of them to us, so there are as many as the family has generations.
  for (int generation = 0; generation < 4; ++generation) {
    kill_all_children();
    if (wait_for_all_children(signals_, kKilledMax / 4, WhenSignalled::kGiveUp, note)) return;
  }
}

}  // namespace sheaf::client
