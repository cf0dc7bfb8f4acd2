// A stage between a master and a kind: the course of a run, and payloads of every size.
#include "tests/unit/stage_session_harness.h"

namespace sheaf::stage {
namespace {

TEST_F(StageSessionTest, CutsFeedsBindsAndPublishes) {
  begin();
  EXPECT_EQ(heard_[0].envelope.hello().stage().incarnation(), kIncarnation);
  EXPECT_EQ(heard_[1].envelope.run_planned().setup(), "the setup");
  EXPECT_EQ(heard_[1].envelope.epoch(), 4u);
  EXPECT_EQ(heard_[3].envelope.feed().jobs(0).job().seq(), 1u);
  EXPECT_EQ(heard_[3].payloads, std::vector<Bytes>{"job 1"});
  EXPECT_EQ(heard_[4].envelope.feed_end().jobs(), 2u);
  deliver(1, "result 1");  // Not its turn.
  EXPECT_FALSE(is_anything_asked());
  deliver(0, "result 0");
  EXPECT_EQ(all_bind_asked(0), (Names{"result 0", "result 1"}));
  accept_all();
  EXPECT_EQ(sent(), (Names{"accept", "accept"}));
  EXPECT_FALSE(is_anything_asked());  // The master says when everything is bound.
  say_all_bound();
  finished();
  EXPECT_EQ(sent(), Names{"publish"});
  EXPECT_EQ(heard_[0].envelope.publish().report(), "the report");
  EXPECT_FALSE(is_anything_asked());
  grant_publish();
  ASSERT_TRUE(take<PublishOutput>());
  published();
  EXPECT_EQ(sent(), Names{"published"});
  say_goodbye();
  EXPECT_EQ(left_, 0);
}

TEST_F(StageSessionTest, CutsNoFurtherThanItsCredit) {
  welcome();
  opened(5);
  EXPECT_FALSE(is_anything_asked());
  credit(2, 0, 6);
  next_job("job 0");
  next_job("job 1");
  EXPECT_FALSE(is_anything_asked());
  credit(5, 2, 10);  // Ten bytes, which are used up.
  EXPECT_FALSE(is_anything_asked());
  credit(5, 2, 11);
  EXPECT_TRUE(take<NextJob>());
}

TEST_F(StageSessionTest, BindsWhileTheSourceWaitsForInput) {
  welcome();
  opened(2);
  credit(10);
  next_job("job 0");
  deliver(0, "result 0");  // The source has been asked for job 1, and takes its time.
  EXPECT_EQ(bind_asked(0), "result 0");
  answer_bind();
  EXPECT_EQ(sent(), (Names{"run_planned", "feed", "accept"}));
  next_job("job 1");
  EXPECT_EQ(sent(), Names{"feed"});
}

TEST_F(StageSessionTest, StopsASourceThatWaitsWhenTheRunIsGivenUp) {
  welcome();
  opened(2);
  credit(10);
  sent();
  say_goodbye("cancelled");
  EXPECT_EQ(source_stopped_, 1);
  abandoned();  // Whatever the source does.
  EXPECT_EQ(left_, 1);
}

TEST_F(StageSessionTest, IgnoresWhatASourceSaysThatWasStopped) {
  welcome();
  opened(2);
  credit(10);
  sent();
  stop();
  ASSERT_TRUE(take<NextJob>());
  session_.on_next_job(now_, fail(ErrorCode::kStopped, "stopped"), actions_);
  sort_out();
  EXPECT_EQ(source_stopped_, 1);
  EXPECT_EQ(sent(), Names{});
  abandoned();
  EXPECT_EQ(sent(), Names{"goodbye"});
}

TEST_F(StageSessionTest, PlansWithoutTotalsThatNobodyKnows) {
  welcome();
  ASSERT_TRUE(take<Open>());
  session_.on_open(now_, StagePlan{"the setup", std::nullopt, std::nullopt, {}}, actions_);
  sort_out();
  EXPECT_EQ(sent(), Names{"run_planned"});
  EXPECT_FALSE(heard_[0].envelope.run_planned().has_jobs());
  EXPECT_FALSE(heard_[0].envelope.run_planned().has_units());
}

TEST_F(StageSessionTest, FeedsAfterAReconnectOnlyWhatTheMasterDoesNotHave) {
  begin();
  lose_link();
  welcome();
  EXPECT_EQ(sent(), Names{"run_planned"});  // Nothing is fed before the master has said what it has.
  credit(10, 1);
  EXPECT_EQ(sent(), (Names{"feed", "feed_end"}));
  EXPECT_EQ(heard_[0].envelope.feed().jobs(0).job().seq(), 1u);
  credit(10, 2);
  EXPECT_EQ(sent(), Names{});
}

TEST_F(StageSessionTest, SurvivesAMasterThatSaysItHasWhatItWasNeverSent) {
  begin();
  lose_link();
  welcome();
  credit(10, 1000);
  EXPECT_EQ(sent(), (Names{"run_planned", "feed_end"}));
  deliver(0, "result");
  EXPECT_EQ(bind_asked(0), "result");
}

TEST_F(StageSessionTest, BindsOnceWhatIsDeliveredAgainMeanwhile) {
  begin();
  deliver(0, "result");
  bind_asked(0);
  lose_link();
  welcome();
  credit(10, 2);
  deliver(0, "result");
  sent();
  answer_bind();
  EXPECT_EQ(sent(), Names{"accept"});
  EXPECT_FALSE(is_anything_asked());
}

TEST_F(StageSessionTest, FindsWrongOnceWhatIsDeliveredAgainMeanwhile) {
  begin();
  deliver(0, "wrong");
  bind_asked(0);
  lose_link();
  welcome();
  credit(10, 2);
  deliver(0, "wrong");
  sent();
  answer_bind(redo("job 0, otherwise"));
  EXPECT_EQ(sent(), Names{"redo"});
  EXPECT_FALSE(is_anything_asked());
}

TEST_F(StageSessionTest, AcceptsAgainWhatIsBound) {
  begin();
  deliver(0, "result");
  bind_asked(0);
  answer_bind();
  sent();
  deliver(0, "result");  // The Accept was lost with the link.
  EXPECT_EQ(sent(), Names{"accept"});
  EXPECT_FALSE(is_anything_asked());
}

TEST_F(StageSessionTest, FeedsALargePayloadInPartsWithinTheCredit) {
  welcome();
  opened(2);
  credit(10);
  sent();
  const std::uint64_t size = 2 * wire::kPartBytesMax + 5;
  next_job(std::string(size, 'x'));
  next_job("job 1");
  EXPECT_EQ(sent(), Names{"feed"});  // The next one waits until the parts are through.
  EXPECT_FALSE(heard_[0].envelope.feed().jobs(0).payload().inlined());
  v1::TransferRef transfer;
  *transfer.mutable_job() = heard_[0].envelope.feed().jobs(0).job();
  transfer.mutable_attempt();
  grant_parts(transfer, wire::kPartBytesMax + 1);
  EXPECT_EQ(sent(), (Names{"part", "part"}));
  EXPECT_EQ(heard_[1].payloads[0].size(), 1u);
  grant_parts(transfer, size);
  EXPECT_EQ(sent(), (Names{"part", "part", "feed"}));
  EXPECT_TRUE(heard_[1].envelope.part().last());
  EXPECT_EQ(heard_[2].envelope.feed().jobs(0).job().seq(), 1u);
}

TEST_F(StageSessionTest, BeginsALargePayloadAnewOnANewLink) {
  welcome();
  opened(1);
  credit(10);
  next_job(std::string(2 * wire::kPartBytesMax, 'x'));
  sent();
  v1::TransferRef transfer;
  *transfer.mutable_job() = heard_.back().envelope.feed().jobs(0).job();
  transfer.mutable_attempt();
  grant_parts(transfer, wire::kPartBytesMax);
  sent();
  lose_link();
  welcome();
  credit(10);
  EXPECT_EQ(sent(), (Names{"run_planned", "feed"}));
  grant_parts(transfer, 2 * wire::kPartBytesMax);
  EXPECT_EQ(sent(), (Names{"part", "part"}));
  EXPECT_EQ(heard_[0].envelope.part().offset(), 0u);
}

TEST_F(StageSessionTest, FeedsInPartsALargePayloadThatAKindMadeInMemory) {
  welcome();
  opened(1);
  credit(10);
  sent();
  ASSERT_TRUE(take<NextJob>());
  const std::string payload(wire::kPartBytesMax + 5, 'x');
  session_.on_next_job(now_, std::optional(JobOut{{0, 0}, Blob::of(payload), 1, {}}), actions_);
  sort_out();
  EXPECT_EQ(sent(), Names{"feed"});
  EXPECT_FALSE(heard_[0].envelope.feed().jobs(0).payload().inlined());
  v1::TransferRef transfer;
  *transfer.mutable_job() = heard_[0].envelope.feed().jobs(0).job();
  *transfer.mutable_attempt() = wire::to_wire(Attempt{0, 0});
  grant_parts(transfer, payload.size());
  EXPECT_EQ(sent(), (Names{"part", "part"}));
  EXPECT_EQ(heard_[0].payloads[0].text() + heard_[1].payloads[0].text(), payload);
}

TEST_F(StageSessionTest, TakesALargeResultInPartsThatItAsksFor) {
  begin();
  const std::string result(wire::kPartWindowBytes + wire::kPartBytesMax, 'r');
  const auto announce = [&] {
    v1::Envelope message;
    v1::Delivery& delivery = *message.mutable_deliver()->add_results();
    *delivery.mutable_job() = wire::to_wire(JobId{RunId{kRun}, {0, 0}});
    *delivery.mutable_payload() = wire::payload_ref(result.size(), Blob::of(result).digest(), false);
    say(message);
    EXPECT_EQ(sent(), Names{"part_credit"});
    EXPECT_EQ(heard_[0].envelope.part_credit().until(), wire::kPartWindowBytes);
  };
  const auto part = [&](std::uint64_t offset) {
    v1::Envelope message;
    *message.mutable_part()->mutable_transfer() = heard_[0].envelope.part_credit().transfer();
    message.mutable_part()->set_offset(offset);
    message.mutable_part()->set_last(offset + wire::kPartBytesMax == result.size());
    say(message, {result.substr(offset, wire::kPartBytesMax)});
  };
  announce();
  part(0);
  EXPECT_EQ(sent(), Names{"part_credit"});
  EXPECT_EQ(heard_[0].envelope.part_credit().until(), result.size());
  lose_link();  // What has come is of no use: it comes again from the beginning.
  welcome();
  credit(10, 2);
  sent();
  announce();
  const auto first = heard_;
  for (std::uint64_t offset = 0; offset < result.size(); offset += wire::kPartBytesMax) {
    heard_ = first;
    part(offset);
  }
  EXPECT_EQ(bind_asked(0), result);
}

TEST_F(StageSessionTest, BindsNothingBeforeItsTurn) {
  begin_with_two_jobs();
  deliver(1, "B");  // A large result before it is still coming in parts, say.
  EXPECT_FALSE(take<Bind>());
  deliver(0, "A");
  EXPECT_EQ(all_bind_asked(0), (Names{"A", "B"}));
  accept_all();
}

TEST_F(StageSessionTest, BindsAsTheyComeTheResultsOfARunWhoseOrderDoesNotMatter) {
  wire::Message welcomed = welcome_message(4);
  welcomed.envelope.mutable_welcome()->mutable_run()->set_any_order(true);
  say(welcomed);
  opened(3);
  credit(4);
  for (const char* payload : {"a", "b", "c"}) next_job(payload);
  no_more_jobs();
  deliver(2, "C");
  EXPECT_EQ(bind_asked(2), "C");
  accept_all();
  sent();
  // Delivered again on a new link: it is accepted again, and not bound.
  lose_link();
  say(welcomed);
  credit(4, 3);
  sent();
  deliver(2, "C");
  EXPECT_EQ(sent(), Names{"accept"});
  EXPECT_FALSE(take<Bind>());
  deliver(0, "A");
  EXPECT_EQ(bind_asked(0), "A");
  accept_all();
  deliver(1, "B");
  EXPECT_EQ(bind_asked(1), "B");
  accept_all();
  say_all_bound();
  EXPECT_TRUE(take<Finish>());
}

TEST_F(StageSessionTest, BindsAFaultInThePlaceOfAResult) {
  begin_with_two_jobs();
  v1::Fault fault;
  fault.set_code(static_cast<std::uint32_t>(ErrorCode::kFailed));
  fault.set_what("was lost");
  wire::Message message = deliver_message(0, fault.SerializeAsString(), 0);
  message.envelope.mutable_deliver()->mutable_results(0)->set_is_fault(true);
  say(message);
  EXPECT_EQ(bind_asked(0), fault.SerializeAsString());
  sent();
  accept_all();
  EXPECT_EQ(sent(), Names{"accept"});
  EXPECT_EQ(faults_bound_, 1U);
  deliver(1, "B");
  EXPECT_EQ(bind_asked(1), "B");
  accept_all();
  EXPECT_EQ(faults_bound_, 1U);
}

TEST_F(StageSessionTest, BindsManyResultsOfOneMessage) {
  begin();
  wire::Message message = deliver_message(0, "result 0");
  const wire::Message second = deliver_message(1, "result 1");
  *message.envelope.mutable_deliver()->add_results() = second.envelope.deliver().results(0);
  message.payloads.push_back(second.payloads[0]);
  say(message);
  EXPECT_EQ(all_bind_asked(0), (Names{"result 0", "result 1"}));
}

TEST_F(StageSessionTest, BindsAfterARedoWhatItsSinkWasNotGiven) {
  begin();
  deliver(1, "result 1");
  deliver(0, "result 0");
  EXPECT_EQ(all_bind_asked(0).size(), 2U);
  answer_bind(redo("job 0, otherwise"));
  EXPECT_EQ(sent(), Names{"redo"});
  EXPECT_FALSE(is_anything_asked());
  deliver(0, "result 0, otherwise", 1);
  EXPECT_EQ(all_bind_asked(0), (Names{"result 0, otherwise", "result 1"}));
  accept_all();
  EXPECT_EQ(sent(), (Names{"accept", "accept"}));
}

TEST_F(StageSessionTest, BindsTheRestAfterARedoInTheMiddleAndALinkThatBroke) {
  welcome();
  opened(4);
  credit(10);
  for (int i = 0; i < 4; ++i) next_job("job");
  for (const std::uint64_t seq : {3, 2, 1, 0}) deliver(seq, "result " + std::to_string(seq));
  EXPECT_EQ(all_bind_asked(0).size(), 4U);
  sent();
  lose_link();
  welcome();
  credit(10, 4);
  deliver(2, "result 2, done again meanwhile", 1);
  sent();
  std::vector<Result<Binding>> answers;
  answers.emplace_back(Accepted{});
  answers.push_back(redo("job 1, otherwise"));
  answer_bind(std::move(answers));
  EXPECT_EQ(sent(), (Names{"accept", "redo"}));
  EXPECT_EQ(heard_[1].envelope.redo().job().job().seq(), 1u);
  deliver(1, "result 1, otherwise", 1);
  EXPECT_EQ(all_bind_asked(1), (Names{"result 1, otherwise", "result 2, done again meanwhile", "result 3"}));
  accept_all();
  EXPECT_EQ(sent(), (Names{"accept", "accept", "accept"}));
}

TEST_F(StageSessionTest, AsksForManyJobsOnceItKnowsHowLargeTheyAre) {
  welcome();
  opened(1000);
  credit(1000, 0, 100);
  EXPECT_EQ(jobs_asked_, 1);
  next_job("ten bytes.");
  EXPECT_EQ(jobs_asked_, 9);
  for (int i = 0; i < 8; ++i) next_job("1 byte?");
  EXPECT_EQ(jobs_asked_, 4);  // 66 bytes are cut: the fourth begins within the credit if all are as large as the first.
}

TEST_F(StageSessionTest, KeepsBackWhatIsLargerThanItWasTakenFor) {
  welcome();
  opened(1000);
  credit(1000, 0, 20);
  next_job("small");
  EXPECT_EQ(jobs_asked_, 3);
  next_job("larger than all of the credit");
  next_job("job 2");
  next_job("job 3");
  EXPECT_EQ(jobs_asked_, 0);
  EXPECT_EQ(sent(), (Names{"run_planned", "feed", "feed"}));
  credit(1000, 2, 35);
  EXPECT_EQ(sent(), Names{"feed"});
  credit(1000, 2, 40);
  EXPECT_EQ(sent(), Names{"feed"});
}

TEST_F(StageSessionTest, FailsWhenMoreIsDeliveredThanMayWait) {
  begin();
  // The first is being bound; then as many wait as the window allows, and the one beyond it that everything waits for.
  for (std::uint64_t seq = 0; seq < wire::kDeliveredJobsMax + 2; ++seq) deliver(seq, "result");
  EXPECT_THAT(sent(), IsEmpty());
  deliver(wire::kDeliveredJobsMax + 2, "result");
  EXPECT_EQ(sent(), Names{"stage_failed"});
}

TEST_F(StageSessionTest, RefusesAResultThatWasDamagedOnTheWay) {
  begin();
  v1::Envelope message;
  v1::Delivery& delivery = *message.mutable_deliver()->add_results();
  *delivery.mutable_job() = wire::to_wire(JobId{RunId{kRun}, {0, 0}});
  *delivery.mutable_payload() = wire::inlined_ref("result");
  say(message, {"resulT"});
  EXPECT_EQ(sent(), Names{"stage_failed"});
  say_goodbye("a result was damaged");  // The master's answer.
  abandoned();
  EXPECT_EQ(left_, 1);
}

}  // namespace
}  // namespace sheaf::stage
