// What a stage does when a job is done again, the link breaks, something fails, or it is to stop.
#include "tests/unit/stage_session_harness.h"

namespace sheaf::stage {
namespace {

TEST_F(StageSessionTest, AsksAgainForAJobAndGoesOnWithItsRevisionAfterAReconnect) {
  begin();
  deliver(0, "wrong");
  bind_asked(0);
  answer_bind(redo("job 0, otherwise"));
  EXPECT_EQ(sent(), Names{"redo"});
  EXPECT_EQ(heard_[0].envelope.redo().revision(), 1u);
  EXPECT_EQ(heard_[0].payloads, std::vector<Bytes>{"job 0, otherwise"});
  deliver(0, "wrong");  // Of the old payload.
  EXPECT_FALSE(is_anything_asked());

  lose_link();
  welcome();
  credit(10, 2);
  EXPECT_EQ(sent(), (Names{"run_planned", "feed_end"}));  // The master has it, or delivers the wrong one again.
  deliver(0, "wrong as well", 1);
  EXPECT_EQ(bind_asked(0), "wrong as well");
  answer_bind(redo("a third payload"));
  EXPECT_EQ(sent(), Names{"redo"});
  EXPECT_EQ(heard_[0].envelope.redo().revision(), 2u);
  deliver(0, "right", 2);
  EXPECT_EQ(bind_asked(0), "right");
  answer_bind();
  EXPECT_EQ(sent(), Names{"accept"});
}

TEST_F(StageSessionTest, FindsAWrongResultWrongAgainWhenItsRedoWasLost) {
  begin();
  deliver(0, "wrong");
  bind_asked(0);
  answer_bind(redo("job 0, otherwise"));
  sent();
  lose_link();
  welcome();
  credit(10, 2);
  sent();
  deliver(0, "wrong");
  bind_asked(0);
  answer_bind(redo("job 0, otherwise"));
  EXPECT_EQ(sent(), Names{"redo"});
  EXPECT_EQ(heard_[0].envelope.redo().revision(), 1u);
}

TEST_F(StageSessionTest, DoesNotAskAgainForWhatHasBeenDoneAgainMeanwhile) {
  // Goal: two Welcomes in a row make it find the same result wrong twice. A second Redo of a revision that is done would end
  // the run.
  begin();
  deliver(0, "wrong");
  bind_asked(0);
  answer_bind(redo("job 0, otherwise"));
  sent();
  lose_link();
  welcome();
  credit(10, 2);
  sent();
  deliver(0, "wrong");
  bind_asked(0);
  deliver(0, "right", 1);
  answer_bind(redo("job 0, otherwise"));
  EXPECT_EQ(sent(), Names{});
  EXPECT_EQ(bind_asked(0), "right");
}

TEST_F(StageSessionTest, SaysAgainThatItFailed) {
  begin();
  deliver(0, "result");
  bind_asked(0);
  answer_bind(tl::unexpected(kBadInput));
  EXPECT_EQ(sent(), Names{"stage_failed"});
  EXPECT_EQ(heard_[0].envelope.stage_failed().fault().where(), "in.mp4");
  lose_link();
  welcome();
  EXPECT_EQ(sent(), Names{"stage_failed"});
  abandoned();
  EXPECT_EQ(sent(), Names{"goodbye"});
  EXPECT_EQ(left_, std::nullopt);  // A process that ends may take its last words with it.
  say_goodbye("is damaged");
  EXPECT_EQ(left_, 1);
}

TEST_F(StageSessionTest, LeavesInTheEndAlsoWhenNobodyAnswersThatItFailed) {
  begin();
  deliver(0, "result");
  bind_asked(0);
  answer_bind(tl::unexpected(kBadInput));
  abandoned();
  while (!left_ && now_ < Instant(Duration(1h)) + 1min) {
    now_ = session_.next_deadline().value();
    session_.on_time(now_, actions_);
    sort_out();
  }
  EXPECT_EQ(left_, 1);
  EXPECT_EQ(reason_, kBadInput.message());
}

TEST_F(StageSessionTest, DoesNotLeaveBeforeItCouldSayWhyItFailed) {
  begin();
  deliver(0, "result");
  bind_asked(0);
  lose_link();
  answer_bind(tl::unexpected(kBadInput));
  abandoned();
  EXPECT_EQ(left_, std::nullopt);
  EXPECT_EQ(sent(), Names{});
  welcome();
  EXPECT_EQ(sent(), (Names{"stage_failed", "goodbye"}));
  say_goodbye("is damaged");
  EXPECT_EQ(left_, 1);
}

TEST_F(StageSessionTest, LeavesWithoutAWordWhenNobodyIsLeftToHearIt) {
  begin();
  deliver(0, "result");
  bind_asked(0);
  lose_link();
  answer_bind(tl::unexpected(kBadInput));
  abandoned();
  stop("the program that started it is gone");
  EXPECT_EQ(left_, 1);
}

TEST_F(StageSessionTest, AbandonsBeforeItLeaves) {
  begin();
  deliver(0, "result");
  bind_asked(0);
  stop();
  EXPECT_FALSE(is_anything_asked());  // One call of the kind at a time.
  answer_bind();
  EXPECT_EQ(left_, std::nullopt);
  abandoned();
  EXPECT_EQ(left_, 1);
  EXPECT_EQ(reason_, "signal 15");
  EXPECT_EQ(sent(), Names{"goodbye"});  // And nothing is accepted that the kind has thrown away.
}

TEST_F(StageSessionTest, LeavesAtOnceWhenItHasNotBegun) {
  stop();
  EXPECT_FALSE(is_anything_asked());
  EXPECT_EQ(left_, 1);
}

TEST_F(StageSessionTest, PublishesOnceAcrossAReconnect) {
  finish_all();
  lose_link();
  welcome();
  EXPECT_EQ(sent(), (Names{"run_planned", "publish"}));
  credit(10, 2);
  sent();
  grant_publish();
  ASSERT_TRUE(take<PublishOutput>());
  lose_link();
  welcome();
  say_all_bound();
  grant_publish();
  EXPECT_EQ(sent(), Names{"run_planned"});
  EXPECT_FALSE(is_anything_asked());
  published();
  EXPECT_EQ(sent(), Names{"published"});
  lose_link();
  welcome();
  EXPECT_EQ(sent(), (Names{"run_planned", "published"}));
  EXPECT_FALSE(is_anything_asked());
  say_goodbye();
  EXPECT_EQ(left_, 0);
}

TEST_F(StageSessionTest, PublishesNothingThatWasGrantedToAnother) {
  finish_all();
  v1::Envelope message;
  message.mutable_publish_granted()->set_run(kRun);
  message.mutable_publish_granted()->set_incarnation(kIncarnation - 1);
  say(message);
  EXPECT_FALSE(is_anything_asked());
}

TEST_F(StageSessionTest, SaysWhatItHasPublishedAlsoWhenItIsStoppedMeanwhile) {
  // Goal: its parent may be gone, so that no Goodbye ever comes: it must not wait for one.
  finish_all();
  grant_publish();
  ASSERT_TRUE(take<PublishOutput>());
  stop();
  published();
  EXPECT_EQ(sent(), Names{"published"});
  EXPECT_EQ(left_, 0);
}

TEST_F(StageSessionTest, SaysWhatItHasPublishedAlsoWhenTheRunIsCancelledMeanwhile) {
  finish_all();
  grant_publish();
  ASSERT_TRUE(take<PublishOutput>());
  say_goodbye("Ctrl-C");
  published();
  EXPECT_EQ(sent(), Names{"published"});
  EXPECT_EQ(left_, std::nullopt);  // The end of the process would be known before the message is.
  say_goodbye();
  EXPECT_EQ(left_, 0);
}

TEST_F(StageSessionTest, LeavesWithWhatIsPublishedWhenItIsStopped) {
  finish_all();
  grant_publish();
  ASSERT_TRUE(take<PublishOutput>());
  published();
  stop();
  EXPECT_FALSE(is_anything_asked());  // There is nothing to give up.
  EXPECT_EQ(left_, 0);
}

TEST_F(StageSessionTest, SendsNoPlanThatDoesNotFitIntoAMessage) {
  welcome();
  ASSERT_TRUE(take<Open>());
  session_.on_open(now_, StagePlan{std::string(wire::kSetupBytesMax + 1, 's'), 1, 1, {}}, actions_);
  sort_out();
  EXPECT_EQ(sent(), Names{"stage_failed"});
  EXPECT_EQ(heard_[0].envelope.stage_failed().fault().code(), static_cast<std::uint32_t>(ErrorCode::kInput));
}

TEST_F(StageSessionTest, SendsOfManyLongNotesWhatFits) {
  welcome();
  ASSERT_TRUE(take<Open>());
  const std::vector<std::string> notes(300, std::string(1000, 'n'));
  session_.on_open(now_, StagePlan{std::string(wire::kSetupBytesMax, 's'), 1, 1, notes}, actions_);
  sort_out();
  EXPECT_EQ(sent(), Names{"run_planned"});
  EXPECT_EQ(heard_[0].envelope.run_planned().notes_size(), 16);
}

TEST_F(StageSessionTest, PublishesWithoutAReportThatDoesNotFitIntoAMessage) {
  begin();
  for (std::uint64_t seq : {0, 1}) {
    deliver(seq, "result");
    bind_asked(seq);
    answer_bind();
  }
  say_all_bound();
  sent();
  ASSERT_TRUE(take<Finish>());
  session_.on_finish(now_, StageReport{20, 777, std::string(wire::kSetupBytesMax + 1, 'r')}, actions_);
  sort_out();
  EXPECT_EQ(sent(), Names{"publish"});
  EXPECT_EQ(heard_[0].envelope.publish().units(), 20u);
}

TEST_F(StageSessionTest, GivesUpWhenItIsRefused) {
  begin();
  v1::Envelope message;
  message.mutable_refused()->set_reason(v1::REFUSAL_FORBIDDEN);
  message.mutable_refused()->set_text("this is not the stage of run 1");
  say(message);
  abandoned();
  EXPECT_EQ(left_, 1);
  EXPECT_EQ(reason_, "the master refused it: this is not the stage of run 1");
  EXPECT_EQ(session_.next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace sheaf::stage
