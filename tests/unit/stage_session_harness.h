#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <type_traits>

#include "common/wire/limits.h"
#include "stage/stage_session.h"
#include "tests/unit/master_messages.h"
#include "tests/unit/temporary_directory.h"

namespace sheaf::stage {

using namespace std::chrono_literals;
using testing::IsEmpty;
using Names = std::vector<std::string>;

inline const Error kBadInput{ErrorCode::kInput, "is damaged", "in.mp4", {}};

/// A session between a master and a kind, whose parts the test plays. What the session sends goes through the codec; what it
/// asks of source and sink is kept until the test answers.
class StageSessionTest : public testing::Test {
 protected:
  StageSessionTest() : session_(stage_identity(), hello_of_stage_process(), directory_.path()) {}

  // --- what the master says
  void say(const wire::Message& spoken) {
    auto message = wire::decode(wire::encode(spoken));
    ASSERT_TRUE(message) << message.error().what;
    session_.on_message(now_, std::move(*message), actions_);
    sort_out();
  }
  void say(v1::Envelope envelope, std::vector<Bytes> payloads = {}) {
    say(wire::Message{std::move(envelope), std::move(payloads)});
  }
  void welcome(std::uint64_t epoch = 4) { say(welcome_message(epoch)); }
  void credit(std::uint64_t jobs_until, std::uint64_t jobs_received = 0, std::uint64_t bytes_until = 1 << 30) {
    say(credit_message(jobs_until, jobs_received, bytes_until));
  }
  void deliver(std::uint64_t seq, const std::string& result, std::uint32_t revision = 0) {
    say(deliver_message(seq, result, revision));
  }
  void say_all_bound() { say(all_bound_message()); }
  void grant_publish() { say(publish_granted_message()); }
  void say_goodbye(const std::string& reason = "done") { say(goodbye_message(reason)); }
  void grant_parts(const v1::TransferRef& transfer, std::uint64_t until) {
    v1::Envelope message;
    *message.mutable_part_credit()->mutable_transfer() = transfer;
    message.mutable_part_credit()->set_until(until);
    say(message);
  }
  /// The master does not know this link any more; a Hello follows, and the test says when it is welcomed.
  void lose_link() {
    v1::Envelope message;
    message.mutable_refused()->set_reason(v1::REFUSAL_HELLO_FIRST);
    say(message);
    EXPECT_EQ(sent(), Names{"hello"});
  }

  /// All that there will be: "a" and "b".
  void begin_with_two_jobs() {
    welcome();
    opened(2);
    credit(3);
    next_job("a");
    next_job("b");
    no_more_jobs();
  }

  // --- what the kind answers
  void opened(std::uint64_t jobs) {
    ASSERT_TRUE(take<Open>());
    session_.on_open(now_, StagePlan{"the setup", jobs, jobs * 10, {"a note"}}, actions_);
    sort_out();
  }
  void next_job(const std::string& payload) {
    ASSERT_TRUE(take<NextJob>());
    JobOut job{{cut_++, 0}, Blob(directory_.path()), 10, "a label"};
    ASSERT_TRUE(job.payload.append(payload));
    session_.on_next_job(now_, std::optional(std::move(job)), actions_);
    sort_out();
  }
  void no_more_jobs() {
    ASSERT_GT(jobs_asked_, 0);
    while (take<NextJob>()) session_.on_next_job(now_, std::optional<JobOut>(), actions_);
    sort_out();
  }
  /// The results that are to be bound, from `seq` on; answer_bind() says what came of it.
  Names all_bind_asked(std::uint64_t seq) {
    auto bind = take<Bind>();
    Names results;
    if (!bind) return results;
    for (const ToBind& next : bind->results) {
      EXPECT_EQ(next.key, (JobKey{seq + results.size(), 0}));
      results.push_back(next.result.read_all().value());
    }
    binding_ = std::move(bind->results);
    return results;
  }
  /// The same of one that is alone.
  std::string bind_asked(std::uint64_t seq) {
    const Names results = all_bind_asked(seq);
    EXPECT_EQ(results.size(), 1U);
    return results.empty() ? "" : results[0];
  }
  /// What the sink says of each: it is not asked about what comes behind one that it does not accept.
  void answer_bind(std::vector<Result<Binding>> answers) {
    struct {
      std::vector<Result<Binding>> answers;
      std::size_t given = 0;
      Result<Binding> bind(JobKey /*key*/, Blob /*result*/, const std::string& /*measures*/) {
        return std::move(answers.at(given++));
      }
      std::size_t faults = 0;
      Result<Binding> bind_fault(JobKey key, const Error& error) {
        faults += 1;
        return bind(key, Blob::of(error.what), {});
      }
    } sink{std::move(answers)};
    session_.on_bind(now_, bind_in_order(sink, Bind{std::exchange(binding_, {})}), actions_);
    EXPECT_EQ(sink.given, sink.answers.size());
    faults_bound_ += sink.faults;
    sort_out();
  }
  void answer_bind(Result<Binding> binding = Accepted{}) {
    std::vector<Result<Binding>> answers;
    answers.push_back(std::move(binding));
    answer_bind(std::move(answers));
  }
  void accept_all() {
    std::vector<Result<Binding>> answers;
    while (answers.size() < binding_.size()) answers.emplace_back(Accepted{});
    answer_bind(std::move(answers));
  }
  static Result<Binding> redo(const std::string& payload) { return Redo{Blob::of(payload), "it does not fit"}; }
  void finished() {
    ASSERT_TRUE(take<Finish>());
    session_.on_finish(now_, StageReport{20, 777, "the report"}, actions_);
    sort_out();
  }
  void published(Status status = {}) {
    session_.on_publish_output(now_, std::move(status), actions_);
    sort_out();
  }
  void abandoned() {
    ASSERT_TRUE(take<Abandon>());
    session_.on_abandon(now_, actions_);
    sort_out();
  }
  void stop(const std::string& reason = "signal 15") {
    session_.stop(now_, reason, actions_);
    sort_out();
  }

  // --- what the session does
  /// The kinds of what was sent since it was last asked, in order; the messages themselves are in `heard_`.
  Names sent() {
    heard_ = std::exchange(sent_, {});
    Names names;
    for (const wire::Message& message : heard_) names.push_back(wire::kind_of(message.envelope));
    return names;
  }
  /// What source or sink is asked to do, if it is that.
  template <class Asked>
  std::optional<Asked> take() {
    if constexpr (std::is_same_v<Asked, NextJob>) {
      if (jobs_asked_ == 0) return std::nullopt;
      jobs_asked_ -= 1;
      return NextJob{};
    } else {
      if (!sink_asked_ || !std::holds_alternative<Asked>(*sink_asked_)) return std::nullopt;
      Asked asked = std::get<Asked>(std::move(*sink_asked_));
      sink_asked_.reset();
      return asked;
    }
  }
  bool is_anything_asked() const { return jobs_asked_ > 0 || sink_asked_; }
  /// Up to two jobs that are fed, the whole input cut.
  void begin() {
    session_.on_time(now_, actions_);
    sort_out();
    welcome();
    opened(2);
    credit(10);
    next_job("job 0");
    next_job("job 1");
    no_more_jobs();
    EXPECT_EQ(sent(), (Names{"hello", "run_planned", "feed", "feed", "feed_end"}));
  }
  /// Up to a Publish that waits for its grant.
  void finish_all() {
    begin();
    for (std::uint64_t seq : {0, 1}) {
      deliver(seq, "result");
      bind_asked(seq);
      answer_bind();
    }
    say_all_bound();
    finished();
    EXPECT_EQ(sent(), (Names{"accept", "accept", "publish"}));
  }

  void sort_out() {
    for (StageAction& action : std::exchange(actions_, {})) {
      ASSERT_FALSE(left_) << "an action after Leave";
      if (Send* send = std::get_if<Send>(&action)) {
        auto message = wire::decode(wire::encode(send->message));
        ASSERT_TRUE(message) << message.error().what;
        sent_.push_back(std::move(*message));
      } else if (std::holds_alternative<NextJob>(action)) {
        jobs_asked_ += 1;
      } else if (std::holds_alternative<Interrupt>(action)) {
        source_stopped_ += 1;
      } else if (Leave* leave = std::get_if<Leave>(&action)) {
        left_ = leave->exit_code;
        reason_ = leave->reason;
      } else {
        ASSERT_FALSE(sink_asked_ || !binding_.empty()) << "more than one call of the sink at a time";
        sink_asked_ = std::move(action);
      }
    }
  }

  Instant now_{Duration(1h)};
  TemporaryDirectory directory_;
  StageSession session_;
  std::vector<StageAction> actions_;
  std::vector<wire::Message> sent_;
  std::vector<wire::Message> heard_;
  int jobs_asked_ = 0;
  std::optional<StageAction> sink_asked_;
  std::vector<ToBind> binding_;  ///< What was taken and is not answered.
  std::size_t faults_bound_ = 0;
  int source_stopped_ = 0;
  std::uint64_t cut_ = 0;
  std::optional<int> left_;
  std::string reason_;
};

}  // namespace sheaf::stage
