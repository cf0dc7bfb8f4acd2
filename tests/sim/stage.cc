#include "tests/sim/stage.h"

#include <utility>

namespace sheaf::sim {

using namespace std::chrono_literals;

// --------------------------------------------------------------------------------------------------------------------------
// kind

std::string report_of(const Workload& workload) {
  return "report of " + workload.setup();
}

Blob SimKind::blob_of(const std::string& bytes) const {
  Blob blob(scratch_);
  if (!blob.append(std::string_view(bytes))) verdict_.fail("a blob cannot be written");
  return blob;
}

stage::StagePlan SimKind::plan() {
  verdict_.require(!is_planned_, "the run was opened twice");
  is_planned_ = true;
  stage::StagePlan plan{workload_.setup(), workload_.jobs, workload_.units_total(), {"a simulated run"}};
  if (workload_.is_conversation) plan.jobs = plan.units = std::nullopt;
  return plan;
}

Result<std::optional<stage::JobOut>> SimKind::next_job() {
  verdict_.require(is_planned_ && !is_finished_ && !is_abandoned_, "next_job() out of turn");
  if (cut_ == workload_.jobs) return std::optional<stage::JobOut>();
  const std::uint64_t seq = cut_++;
  return stage::JobOut{JobKey{seq, 0}, blob_of(workload_.payload(seq, 0)), workload_.units(seq), "job " + std::to_string(seq)};
}

Result<stage::Binding> SimKind::bind(JobKey key, Blob result, const std::string& measures) {
  verdict_.require(is_planned_ && !is_finished_ && !is_abandoned_, "bind() out of turn");
  if (key != JobKey{bound_, 0} || bound_ >= cut_) {
    verdict_.fail("job " + to_string(key) + " was to be bound when it was the turn of " + std::to_string(bound_));
    return stage::Accepted{};
  }
  const auto bytes = result.read_all();
  if (!bytes) {
    verdict_.fail("a result cannot be read");
    return stage::Accepted{};
  }
  const std::uint32_t good = workload_.good_revision(key.seq);
  if (*bytes == result_of(workload_.setup(), workload_.payload(key.seq, good))) {
    verdict_.require(measures == measures_of(workload_.payload(key.seq, good)),
                     "a result came with the measures of another one");
    bound_ += 1;
    units_bound_ += workload_.units(key.seq);
    return stage::Accepted{};
  }
  // A result of an earlier revision: of one that was asked for, or of the one before if the Redo was lost.
  std::uint32_t& asked = asked_[key.seq];
  for (std::uint32_t revision = 0; revision < good && revision <= asked; ++revision) {
    if (*bytes != result_of(workload_.setup(), workload_.payload(key.seq, revision))) continue;
    asked = std::max(asked, revision + 1);
    redone_ += 1;
    return stage::Redo{blob_of(workload_.payload(key.seq, revision + 1)), "the simulator does not like it"};
  }
  verdict_.fail("job " + to_string(key) + " came with a wrong result of " + std::to_string(bytes->size()) + " bytes");
  return stage::Accepted{};
}

Result<stage::StageReport> SimKind::finish() {
  verdict_.require(!is_finished_ && !is_abandoned_, "finish() was called twice, or after abandon()");
  verdict_.require(bound_ == workload_.jobs && cut_ == workload_.jobs, "finish() before everything was bound");
  is_finished_ = true;
  return stage::StageReport{units_bound_, units_bound_ * 10, report_of(workload_)};
}

Status SimKind::publish() {
  verdict_.require(is_finished_ && !is_published_ && !is_abandoned_, "publish() before finish(), twice, or after abandon()");
  is_published_ = true;
  return {};
}

void SimKind::abandon() noexcept {
  verdict_.require(!is_abandoned_, "abandon() was called twice");
  is_abandoned_ = true;
}

// -----------------------------------------------------------------------------------------------------------------------
// process

SimStage::SimStage(Timeline& timeline, Network& network, Random random, std::string name, const v1::StageHello& identity,
                   const Workload& workload, const std::string& scratch, Verdict& verdict)
    : Process(timeline, std::move(name)),
      random_(random),
      session_(identity, hello_of(*this, random_), scratch),
      kind_(workload, scratch, verdict),
      verdict_(verdict),
      port_(
          network, *this,
          [this](Result<wire::Message> message) {
            if (!message) return verdict_.fail("a message to a stage was refused: " + message.error().what);
            input([&](auto& actions) { session_.on_message(now(), std::move(*message), actions); });
          },
          [this] { flush(); }) {}

void SimStage::start() {
  port_.open();
  post([] {});
}

void SimStage::kill() {
  if (has_ended()) return;
  end();
  port_.close(false);
}

template <class Call>
void SimStage::input(Call call) {
  std::vector<stage::StageAction> actions;
  call(actions);
  for (stage::StageAction& action : actions) carry_out(action);
  flush();
}

void SimStage::flush() {
  outbox_.flush([this](const wire::Message& message) { return port_.send(message); });
}

template <class Work>
void SimStage::work(bool& is_working, Duration longest, Work work) {
  verdict_.require(!is_working, "two calls of one lane at the same time");
  is_working = true;
  timeline().after(random_.duration(100us, longest), [this, &is_working, work = std::make_shared<Work>(std::move(work))] {
    post([this, &is_working, work] {
      is_working = false;
      input(*work);
    });
  });
}

void SimStage::cut() {
  work(is_cutting_, 10ms, [this](std::vector<stage::StageAction>& out) {
    if (!is_source_done_ && kind_.waits_for_input()) return cut();
    Result<std::optional<stage::JobOut>> job = std::nullopt;
    if (!is_source_done_) job = kind_.next_job();
    if (!job || !*job) is_source_done_ = true;
    if (--jobs_asked_ > 0) cut();
    session_.on_next_job(now(), std::move(job), out);
  });
}

void SimStage::carry_out(stage::StageAction& action) {
  using Actions = std::vector<stage::StageAction>;
  if (auto* send = std::get_if<stage::Send>(&action)) {
    outbox_.add(std::move(send->message));
  } else if (auto* leave = std::get_if<stage::Leave>(&action)) {
    exit_code_ = leave->exit_code;
    flush();
    port_.close(true);
    end();
    if (on_exit) on_exit("ended with exit code " + std::to_string(leave->exit_code));
  } else if (std::holds_alternative<stage::Open>(action)) {
    work(is_binding_, 300ms, [this](Actions& out) { session_.on_open(now(), kind_.plan(), out); });
  } else if (std::holds_alternative<stage::NextJob>(action)) {
    if (++jobs_asked_ == 1) cut();
  } else if (std::holds_alternative<stage::Interrupt>(action)) {
    is_source_done_ = true;
  } else if (auto* bind = std::get_if<stage::Bind>(&action)) {
    work(is_binding_, 20ms, [this, bind = std::make_shared<stage::Bind>(std::move(*bind))](Actions& out) {
      session_.on_bind(now(), stage::bind_in_order(kind_, std::move(*bind)), out);
    });
  } else if (std::holds_alternative<stage::Finish>(action)) {
    work(is_binding_, 1s, [this](Actions& out) { session_.on_finish(now(), kind_.finish(), out); });
  } else if (std::holds_alternative<stage::PublishOutput>(action)) {
    work(is_binding_, 500ms, [this](Actions& out) { session_.on_publish_output(now(), kind_.publish(), out); });
  } else if (std::holds_alternative<stage::Abandon>(action)) {
    work(is_binding_, 50ms, [this](Actions& out) {
      kind_.abandon();
      session_.on_abandon(now(), out);
    });
  }
}

std::optional<Instant> SimStage::next_deadline() const {
  return session_.next_deadline();
}

void SimStage::on_time() {
  input([this](auto& actions) { session_.on_time(now(), actions); });
}

}  // namespace sheaf::sim
