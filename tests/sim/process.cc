#include "tests/sim/process.h"

#include <algorithm>
#include <utility>

#include "common/wire/message.h"

namespace sheaf::sim {

void Process::post(std::function<void()> input) {
  if (has_ended_) return;
  if (is_stopped_) {
    waiting_.push_back(std::move(input));
    return;
  }
  input();
  arm();
}

void Process::go_on() {
  if (!is_stopped_ || has_ended_) return;
  is_stopped_ = false;
  while (!waiting_.empty() && !has_ended_) {
    const std::function<void()> input = std::move(waiting_.front());
    waiting_.pop_front();
    input();
  }
  arm();
}

void Process::end() {
  has_ended_ = true;
  waiting_.clear();
}

void Process::arm() {
  if (has_ended_ || is_stopped_) return;
  const std::optional<Instant> deadline = next_deadline();
  if (!deadline) return;
  const Instant when = std::max(*deadline, now());
  if (armed_ && *armed_ <= when) return;
  armed_ = when;
  timeline_.at(when, [this, when] {
    if (armed_ != when) return;  // An earlier one was asked for after this.
    armed_.reset();
    on_timer();
  });
}

void Process::on_timer() {
  if (has_ended_ || is_stopped_) return;
  const std::optional<Instant> deadline = next_deadline();
  if (deadline && *deadline <= now()) on_time();
  arm();
}

v1::Hello hello_of(const Process& process, Random& random) {
  v1::Hello hello;
  *hello.mutable_session() = wire::to_wire(SessionId{random.next() | 1, random.next()});
  hello.set_host(process.name());
  hello.set_pid(1);
  return hello;
}

}  // namespace sheaf::sim
