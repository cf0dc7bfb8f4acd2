// Payloads that are larger than a message, on their way through the master.
#include <algorithm>

#include "tests/unit/hub_harness.h"

namespace sheaf::master {
namespace {

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 255);
  return bytes;
}

class HubPayloadTest : public HubTest {
 protected:
  HubPayloadTest() {
    greet_as_client();
    submit();
    greet_as_stage();
    plan(2);
    sender_.sent.clear();
  }

  static v1::PayloadRef announced(const std::string& bytes) {
    v1::PayloadRef ref = wire::inlined_ref(bytes);
    ref.set_inlined(false);
    return ref;
  }
  static v1::TransferRef transfer(Attempt attempt) {
    v1::TransferRef ref;
    ref.mutable_job()->set_run(1);
    *ref.mutable_attempt() = wire::to_wire(attempt);
    return ref;
  }
  void announce_job(const std::string& bytes) {
    v1::Envelope message = envelope();
    message.mutable_feed()->set_run(1);
    *message.mutable_feed()->add_jobs() = header(0, announced(bytes));
    say("stage", message);
  }
  void announce_result(const v1::Assignment& job, const std::string& bytes, const wire::PeerAddress& from = "a") {
    v1::Envelope message = result(job, v1::OUTCOME_DONE);
    *message.mutable_results()->mutable_results(0)->mutable_payload() = announced(bytes);
    say(from, message);
  }
  v1::Assignment give_the_only_job_to_a() {
    feed(0, "small");
    end_feed(1);
    greet_as_worker("a", 300);
    return assignment("a");
  }
  /// What a worker was given that then came back by another link, and what another was given in its place.
  std::pair<v1::Assignment, v1::Assignment> lose_the_link_of_a() {
    const v1::Assignment first = give_the_only_job_to_a();
    sender_.gone.insert("a");
    pass(1100ms);
    greet_as_worker("b", 301);
    const v1::Assignment second = assignment("b");
    greet_as_worker("a again", 300);
    return {first, second};
  }
  /// How the run has ended, once its stage is gone.
  v1::Fault fault_of_run() {
    EXPECT_EQ(hears("stage").back(), "goodbye");
    hub_.on_stage_exited(now_, RunId{1}, "");
    return update().fault();
  }
  void send_part(const wire::PeerAddress& from, Attempt attempt, std::uint64_t offset, std::string bytes,
                 bool is_last = false) {
    v1::Envelope message = envelope();
    *message.mutable_part()->mutable_transfer() = transfer(attempt);
    message.mutable_part()->set_offset(offset);
    message.mutable_part()->set_last(is_last);
    say(from, message, {std::move(bytes)});
  }
  /// Sends `bytes` as parts, within the credit that the master gives; false when it stops giving any.
  bool upload(const wire::PeerAddress& from, Attempt attempt, const std::string& bytes) {
    std::uint64_t until = 0;
    for (std::uint64_t offset = 0; offset < bytes.size();) {
      hears(from);
      for (const wire::Message& message : heard_) {
        if (message.envelope.has_part_credit()) until = message.envelope.part_credit().until();
      }
      if (until <= offset) return false;
      const std::uint64_t size = std::min<std::uint64_t>(until - offset, wire::kPartBytesMax);
      send_part(from, attempt, offset, bytes.substr(offset, size), offset + size == bytes.size());
      offset += size;
    }
    return true;
  }
  /// Asks for a payload of `size` bytes and gives what has come.
  std::string download(const wire::PeerAddress& to, Attempt attempt, std::size_t size) {
    std::string bytes;
    while (bytes.size() < size) {
      v1::Envelope message = envelope();
      *message.mutable_part_credit()->mutable_transfer() = transfer(attempt);
      message.mutable_part_credit()->set_until(bytes.size() + wire::kPartWindowBytes);
      say(to, message);
      hears(to);
      const std::size_t before = bytes.size();
      for (const wire::Message& part : heard_) {
        if (part.envelope.has_part()) bytes += part.payloads.at(0);
      }
      if (bytes.size() == before) break;
    }
    return bytes;
  }
};

TEST_F(HubPayloadTest, TravelAsPartsAllTheWay) {
  const std::string job = pattern(9 * wire::kPartBytesMax + 123);
  announce_job(job);
  ASSERT_TRUE(upload("stage", Attempt{0, 0}, job));
  end_feed(1);
  hears("stage");
  EXPECT_EQ(heard("feed_credit").envelope.feed_credit().jobs_received(), 1u);

  greet_as_worker("a", 300);
  const v1::Assignment assigned = assignment("a");
  EXPECT_FALSE(assigned.payload().inlined());
  EXPECT_EQ(heard("assign").payloads.size(), 0u);
  const Attempt attempt = wire::from_wire(assigned.attempt());
  EXPECT_EQ(download("a", attempt, job.size()), job);

  std::string reply = job;
  std::reverse(reply.begin(), reply.end());
  announce_result(assigned, reply);
  ASSERT_TRUE(upload("a", attempt, reply));
  EXPECT_EQ(hears("a").back(), "result_ack");
  EXPECT_EQ(hears("stage").back(), "deliver");
  EXPECT_FALSE(heard("deliver").envelope.deliver().results(0).payload().inlined());
  EXPECT_EQ(download("stage", Attempt{0, 0}, reply.size()), reply);
}

TEST_F(HubPayloadTest, AreTakenOnlyWhenTheyAreWhatWasAnnounced) {
  feed(0, "small");
  end_feed(1);
  greet_as_worker("a", 300);
  greet_as_worker("b", 301);
  const v1::Assignment assigned = assignment("a");
  const std::string reply = pattern(3 * wire::kPartBytesMax);
  announce_result(assigned, reply);
  std::string damaged = reply;
  damaged[2'000'000] = static_cast<char>(damaged[2'000'000] ^ 1);
  upload("a", wire::from_wire(assigned.attempt()), damaged);
  EXPECT_EQ(hears("stage").back(), "feed_credit");               // Nothing is delivered,
  EXPECT_EQ(assignment("b").job().seq(), assigned.job().seq());  // and somebody else is asked.
}

TEST_F(HubPayloadTest, EndTheRunWhenAJobIsDamagedOnItsWay) {
  const std::string job = pattern(2 * wire::kPartBytesMax);
  announce_job(job);
  std::string damaged = job;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  upload("stage", Attempt{0, 0}, damaged);
  EXPECT_EQ(hears("stage").back(), "goodbye");
}

TEST_F(HubPayloadTest, StopWhenTheyAreNoLongerWanted) {
  const v1::Assignment assigned = give_the_only_job_to_a();
  announce_result(assigned, pattern(3 * wire::kPartBytesMax));
  hub_.on_stage_exited(now_, RunId{1}, "was ended by signal 9 (Killed)");
  pass(1s);
  hears("a");
  send_part("a", wire::from_wire(assigned.attempt()), 0, "late");
  EXPECT_EQ(hears("a"), Kinds{});
  announce_result(assigned, pattern(100));
  EXPECT_EQ(hears("a"), Kinds{"result_ack"});  // It may forget it.
}

TEST_F(HubPayloadTest, AreNotFetchedWhenAnotherAttemptWasQuicker) {
  // Goal: two gigabytes that nobody wants are not written and hashed on the thread that hears everybody.
  const auto [first, second] = lose_the_link_of_a();
  answer("b", second, "result");
  announce_result(first, pattern(3 * wire::kPartBytesMax), "a again");
  EXPECT_EQ(hears("a again"), (Kinds{"welcome", "result_ack"}));  // And no credit for parts.
}

TEST_F(HubPayloadTest, StopComingWhenAnotherAttemptIsQuicker) {
  const auto [first, second] = lose_the_link_of_a();
  const std::string reply = pattern(9 * wire::kPartBytesMax);
  announce_result(first, reply, "a again");
  EXPECT_EQ(hears("a again"), (Kinds{"welcome", "part_credit"}));
  answer("b", second, "result");
  send_part("a again", wire::from_wire(first.attempt()), 0, reply.substr(0, wire::kPartBytesMax));
  EXPECT_EQ(hears("a again"), Kinds{"result_ack"});
}

TEST_F(HubPayloadTest, EndTheRunWhenASmallJobIsDamagedOnItsWay) {
  v1::Envelope message = envelope();
  message.mutable_feed()->set_run(1);
  *message.mutable_feed()->add_jobs() = header(0, wire::inlined_ref("small"));
  say("stage", message, {"smaLl"});
  EXPECT_THAT(fault_of_run().what(), HasSubstr("damaged on its way to the master"));
}

TEST_F(HubPayloadTest, EndTheRunWhenAJobHasNoRoomOnTheDisk) {
  disk_.is_full = true;
  announce_job(pattern(2 * wire::kPartBytesMax));
  EXPECT_THAT(fault_of_run().what(), HasSubstr("No space left"));
}

TEST_F(HubPayloadTest, EndTheRunAndFreeTheWorkerWhenTheDiskFillsUnderAResult) {
  // Goal: a worker keeps a result until it is acknowledged, so also one that nobody can take must be.
  const v1::Assignment assigned = give_the_only_job_to_a();
  const std::string reply = pattern(9 * wire::kPartBytesMax);
  announce_result(assigned, reply);
  disk_.is_full = true;
  send_part("a", wire::from_wire(assigned.attempt()), 0, reply.substr(0, wire::kPartBytesMax));
  EXPECT_EQ(hears("a"), (Kinds{"part_credit", "revoke", "result_ack"}));
  EXPECT_THAT(fault_of_run().what(), HasSubstr("No space left"));
  EXPECT_EQ(hub_.scheduler().cluster().held, 0u);
}

TEST_F(HubPayloadTest, NeedNoRoomWhenNobodyWantsThem) {
  // Goal: a run that needs the disk no more does not fail for it.
  const auto [first, second] = lose_the_link_of_a();
  answer("b", second, "result");
  disk_.is_full = true;
  answer("a again", first, std::string(900'000, 'x'));
  EXPECT_EQ(hears("a again").back(), "result_ack");
  accept(0);
  EXPECT_EQ(hears("stage").back(), "all_bound");
}

TEST_F(HubPayloadTest, AreForgottenWhenTheWorkerTakesThemBack) {
  const v1::Assignment assigned = give_the_only_job_to_a();
  const std::string reply = pattern(2 * wire::kPartBytesMax);
  announce_result(assigned, reply);
  say("a", result(assigned, v1::OUTCOME_RETURNED));  // Its own disk cannot be read.
  const v1::Assignment again = assignment("a");
  EXPECT_GT(again.attempt().n(), assigned.attempt().n());
  send_part("a", wire::from_wire(assigned.attempt()), 0, reply.substr(0, wire::kPartBytesMax));
  EXPECT_EQ(hears("a"), Kinds{});
}

TEST_F(HubPayloadTest, EndTheRunOnceWhenSeveralCannotBeReadAndTheStageHasGone) {
  // Goal: what is delivered in one go after a read that failed finds a run that has ended.
  feed(0, "job 0");
  feed(1, "job 1");
  end_feed(2);
  greet_as_worker("a", 300);
  greet_as_worker("b", 301);
  const v1::Assignment first = assignment("a");
  answer("b", assignment("b"), std::string(900'000, 'b'));
  disk_.is_broken = true;
  hub_.on_stage_exited(now_, RunId{1}, "was ended by signal 9 (Killed)");
  answer("a", first, std::string(900'000, 'a'));  // Both can be delivered now.
  EXPECT_EQ(update().state(), v1::RUN_FAILED);
}

TEST_F(HubPayloadTest, EndTheRunWhenTheDiskCannotBeReadAgain) {
  const std::string job = pattern(2 * wire::kPartBytesMax);
  announce_job(job);
  ASSERT_TRUE(upload("stage", Attempt{0, 0}, job));
  end_feed(1);
  greet_as_worker("a", 300);
  const v1::Assignment assigned = assignment("a");
  disk_.is_broken = true;
  EXPECT_EQ(download("a", wire::from_wire(assigned.attempt()), job.size()), "");
  EXPECT_THAT(fault_of_run().what(), HasSubstr("Input/output error"));
}

TEST_F(HubPayloadTest, GoWithARedoUnderItsRevision) {
  feed(0, "wrong");
  end_feed(1);
  greet_as_worker("a", 300);
  answer("a", assignment("a"), "result of the wrong one");
  EXPECT_EQ(hears("stage").back(), "deliver");
  const std::string right = pattern(2 * wire::kPartBytesMax);
  v1::Envelope message = envelope();
  *message.mutable_redo()->mutable_job() = header(0, announced(right));
  message.mutable_redo()->set_revision(1);
  message.mutable_redo()->set_reason("another number of frames");
  say("stage", message);
  ASSERT_TRUE(upload("stage", Attempt{0, 1}, right));
  const v1::Assignment again = assignment("a");
  EXPECT_EQ(download("a", wire::from_wire(again.attempt()), right.size()), right);
  answer("a", again, "result of the right one");
  EXPECT_EQ(hears("stage").back(), "deliver");
  EXPECT_EQ(heard("deliver").envelope.deliver().results(0).revision(), 1u);
  EXPECT_EQ(heard("deliver").payloads, std::vector<Bytes>{"result of the right one"});
  accept(0);
  EXPECT_EQ(hears("stage"), Kinds{"all_bound"});
}

}  // namespace
}  // namespace sheaf::master
