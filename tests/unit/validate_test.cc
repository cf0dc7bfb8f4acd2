#include "common/wire/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <vector>

#include "common/wire/limits.h"
#include "tests/unit/wire_samples.h"

namespace sheaf::wire {
namespace {

using testing::HasSubstr;

std::optional<std::string> fault_of(const Message& message) {
  std::vector<std::size_t> sizes;
  for (const Bytes& payload : message.payloads) sizes.push_back(payload.size());
  return validate(message.envelope, sizes);
}

/// What makes the good sample of `kind` a bad message, and a part of the reason that must be given.
struct Refusal {
  std::string kind;
  std::function<void(Message&)> spoil;
  std::string reason;
};

const std::string kLong(kTextBytesMax + 1, 'x');
const std::string kLongSetup(kSetupBytesMax + 1, 'x');
const std::string kLongMeasures(kMeasuresBytesMax + 1, 'x');

template <class Field>
void fill(Field* field, std::size_t count) {
  while (static_cast<std::size_t>(field->size()) < count) *field->Add() = {};
}

/// `change` is applied to the envelope of the good message.
#define SPOIL(change) [](Message& m) { m.envelope.change; }

const std::vector<Refusal> kRefusals = {
      {"hello", SPOIL(mutable_hello()->clear_session()), "without a session"},
      {"hello", SPOIL(mutable_hello()->set_version(kLong)), "a version is longer"},
      {"hello", SPOIL(mutable_hello()->set_host(kLong)), "a host name is longer"},
      {"hello", SPOIL(mutable_hello()->set_role(v1::ROLE_UNSPECIFIED)), "unknown role"},
      {"hello", SPOIL(mutable_hello()->set_role(static_cast<v1::Role>(9))), "unknown role"},
      {"hello", SPOIL(mutable_hello()->set_role(v1::ROLE_CLIENT)), "disagree"},
      {"hello", SPOIL(mutable_hello()->mutable_stage()), "disagree"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->set_slots(0)), "no slots"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->set_slots(kSlotsMax + 1)), "no slots, or too many"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->set_executors(0)), "no executors"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->set_executors(kSlotsMax + 1)), "no executors, or too many"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->set_prefetch(kSlotsMax + 1)), "too many jobs ahead"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->clear_kinds()), "does nothing"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->mutable_kinds(0)->set_fingerprint(kLong)), "a fingerprint is longer"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->mutable_kinds(0)->set_name(kLong)), "a kind is longer"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->mutable_kinds(0)->clear_name()), "a kind without a name"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->add_kinds()->set_name("video")), "offers a kind twice"},
      {"hello",
       [](Message& m) {
         for (std::size_t i = 0; i <= kRepeatedMax; ++i) {
           m.envelope.mutable_hello()->mutable_worker()->add_kinds()->set_name(std::to_string(i));
         }
       },
       "list of kinds has more"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->set_labels(0, kLong)), "a label is longer"},
      {"hello", [](Message& m) { fill(m.envelope.mutable_hello()->mutable_worker()->mutable_labels(), kRepeatedMax + 1); },
       "list of labels has more"},
      {"hello",
       [](Message& m) {
         v1::WorkerHello& worker = *m.envelope.mutable_hello()->mutable_worker();
         while (worker.running_size() <= static_cast<int>(2 * kSlotsMax)) *worker.add_running() = worker.running(0);
       },
       "too many attempts"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->mutable_running(0)->clear_job()), "no job is named"},
      {"hello", SPOIL(mutable_hello()->mutable_worker()->mutable_running(0)->clear_attempt()), "no attempt is named"},
      {"hello (stage)", SPOIL(mutable_hello()->mutable_stage()->set_run(0)), "run of number 0"},
      {"hello (stage)", SPOIL(mutable_hello()->mutable_stage()->set_token("short")), "16 bytes"},
      {"hello (stage)", SPOIL(mutable_hello()->clear_stage()), "disagree"},
      {"hello (client)", SPOIL(mutable_hello()->mutable_worker()), "disagree"},
      {"welcome", SPOIL(mutable_welcome()->set_epoch(0)), "without an epoch"},
      {"welcome", SPOIL(mutable_welcome()->set_version(kLong)), "a version is longer"},
      {"welcome", SPOIL(mutable_welcome()->set_heartbeat_interval_ms(0)), "make no sense"},
      {"welcome", SPOIL(mutable_welcome()->set_lease_ms(0)), "lease makes no sense"},
      {"welcome", SPOIL(mutable_welcome()->set_lease_ms(86'400'001)), "lease makes no sense"},
      {"welcome", SPOIL(mutable_welcome()->set_silence_max_ms(1000)), "make no sense"},
      {"welcome", SPOIL(mutable_welcome()->set_silence_max_ms(1ull << 60)), "make no sense"},
      {"welcome", SPOIL(mutable_welcome()->mutable_run()->set_request(kLongSetup)), "a request is longer"},
      {"refused", SPOIL(mutable_refused()->set_text(kLong)), "text is longer"},
      {"goodbye", SPOIL(mutable_goodbye()->set_reason(kLong)), "a reason is longer"},

      {"submit", SPOIL(mutable_submit()->clear_run()), "no run"},
      {"submit", SPOIL(mutable_submit()->mutable_run()->clear_kind()), "no kind"},
      {"submit", SPOIL(mutable_submit()->mutable_run()->set_kind(kLong)), "a kind is longer"},
      {"submit", SPOIL(mutable_submit()->mutable_run()->set_request(kLongSetup)), "a request is longer"},
      {"submit", SPOIL(mutable_submit()->mutable_run()->set_priority(101)), "priority"},
      {"submit", SPOIL(mutable_submit()->mutable_run()->set_priority(-101)), "priority"},
      {"submit", SPOIL(mutable_submit()->mutable_run()->set_attempts_max(0)), "attempts beyond"},
      {"submit", SPOIL(mutable_submit()->mutable_run()->set_attempts_max(1001)), "attempts beyond"},
      {"submit", SPOIL(mutable_submit()->mutable_run()->set_label(kLong)), "a label is longer"},
      {"submit", SPOIL(mutable_submit()->mutable_run()->clear_stage_program()), "not named sheaf-stage-"},
      {"submit", SPOIL(mutable_submit()->mutable_run()->set_stage_program("sheaf-stage-")), "not named sheaf-stage-"},
      {"submit", SPOIL(mutable_submit()->mutable_run()->set_stage_program("sheaf-stage-../sh")), "not named sheaf-stage-"},
      {"submit", SPOIL(mutable_submit()->mutable_run()->set_stage_program("/bin/sh")), "not named sheaf-stage-"},
      {"submitted", SPOIL(mutable_submitted()->set_run(0)), "run of number 0"},
      {"workers", SPOIL(mutable_workers()->mutable_workers(0)->set_worker(0)), "worker of number 0"},
      {"workers", SPOIL(mutable_workers()->mutable_workers(0)->set_host(kLong)), "a host name is longer"},
      {"workers", SPOIL(mutable_workers()->mutable_workers(0)->set_key(kLong)), "the name of a key is longer"},
      {"submitted", SPOIL(mutable_submitted()->set_stage_token("short")), "16 bytes"},
      {"run_update", SPOIL(mutable_run_update()->set_run(0)), "run of number 0"},
      {"run_update", SPOIL(mutable_run_update()->set_state(v1::RUN_STATE_UNSPECIFIED)), "unknown state"},
      {"run_update", SPOIL(mutable_run_update()->set_state(static_cast<v1::RunState>(77))), "unknown state"},
      {"run_update", SPOIL(mutable_run_update()->set_notes(0, kLong)), "a note is longer"},
      {"run_update", [](Message& m) { fill(m.envelope.mutable_run_update()->mutable_notes(), kRepeatedMax + 1); },
       "list of notes has more"},
      {"run_update", SPOIL(mutable_run_update()->mutable_fault()->set_code(99)), "unknown code"},
      {"run_update", SPOIL(mutable_run_update()->mutable_fault()->set_what(kLong)), "error's text is longer"},
      {"run_update", SPOIL(mutable_run_update()->mutable_fault()->set_where(kLong)), "error's place is longer"},
      {"run_update", SPOIL(mutable_run_update()->mutable_fault()->set_advice(kLong)), "error's advice is longer"},
      {"run_update", SPOIL(mutable_run_update()->set_report(kLongSetup)), "a report is longer"},
      {"cancel_run", SPOIL(mutable_cancel_run()->set_run(0)), "run of number 0"},
      {"cancel_run", SPOIL(mutable_cancel_run()->set_reason(kLong)), "a reason is longer"},

      {"run_planned", SPOIL(mutable_run_planned()->set_run(0)), "run of number 0"},
      {"run_planned", SPOIL(mutable_run_planned()->set_setup(kLongSetup)), "a setup is longer"},
      {"run_planned", SPOIL(mutable_run_planned()->set_notes(0, kLong)), "a note is longer"},
      {"run_planned", [](Message& m) { fill(m.envelope.mutable_run_planned()->mutable_notes(), kRepeatedMax + 1); },
       "list of notes has more"},
      {"feed", SPOIL(mutable_feed()->set_run(0)), "run of number 0"},
      {"feed", SPOIL(mutable_feed()->set_run(2)), "another run"},
      {"feed",
       [](Message& m) {
         m.envelope.mutable_feed()->clear_jobs();
         m.payloads.clear();
       },
       "no jobs"},
      {"feed", SPOIL(mutable_feed()->mutable_jobs(1)->clear_job()), "no job is named"},
      {"feed", SPOIL(mutable_feed()->mutable_jobs(1)->set_label(kLong)), "a label is longer"},
      {"feed", SPOIL(mutable_feed()->mutable_jobs(1)->clear_payload()), "no payload is described"},
      {"feed", SPOIL(mutable_feed()->mutable_jobs(1)->mutable_payload()->set_bytes(5)), "another size"},
      {"feed", SPOIL(mutable_feed()->mutable_jobs(1)->mutable_payload()->set_bytes(kInlinePayloadBytesMax + 1)),
       "too large to be one"},
      {"feed",
       [](Message& m) {
         v1::PayloadRef& payload = *m.envelope.mutable_feed()->mutable_jobs(1)->mutable_payload();
         payload.set_inlined(false);
         payload.set_bytes((1ull << 40) + 1);
         m.payloads.pop_back();
       },
       "beyond the limit of one payload"},
      {"deliver",
       [](Message& m) {
         *m.envelope.mutable_deliver()->mutable_results(0)->mutable_payload() = payload_ref(0, Digest{1, 2}, false);
         m.payloads.clear();
       },
       "an empty payload that is not inlined"},
      {"feed", [](Message& m) { m.payloads.pop_back(); }, "payload frame is missing"},
      {"feed", [](Message& m) { m.payloads.emplace_back("more"); }, "more payload frames"},
      {"feed",
       [](Message& m) {
         v1::Feed& feed = *m.envelope.mutable_feed();
         while (static_cast<std::size_t>(feed.jobs_size()) <= kRepeatedMax) {
           *feed.add_jobs() = feed.jobs(0);
           m.payloads.push_back(m.payloads[0]);
         }
       },
       "a feed has more"},
      {"feed_credit", SPOIL(mutable_feed_credit()->set_run(0)), "run of number 0"},
      {"feed_end", SPOIL(mutable_feed_end()->set_run(0)), "run of number 0"},
      {"deliver", SPOIL(mutable_deliver()->mutable_results(0)->clear_job()), "no job is named"},
      {"deliver", SPOIL(mutable_deliver()->mutable_results(0)->clear_payload()), "no payload is described"},
      {"deliver", [](Message& m) { m.payloads[0] = m.payloads[0].text() + '!'; }, "another size"},
      {"deliver", SPOIL(mutable_deliver()->mutable_results(0)->set_measures(kLongMeasures)), "measures is longer"},
      {"deliver", SPOIL(mutable_deliver()->clear_results()), "a delivery of no results"},
      {"accept", SPOIL(mutable_accept()->clear_jobs()), "an accept of no jobs"},
      {"accept", SPOIL(mutable_accept()->set_run(0)), "run of number 0"},
      {"accept", SPOIL(mutable_accept()->mutable_jobs(0)->set_run(7)), "a job of another run"},
      {"redo", SPOIL(mutable_redo()->clear_job()), "no job"},
      {"redo", SPOIL(mutable_redo()->set_revision(0)), "revision 0"},
      {"redo", SPOIL(mutable_redo()->set_reason(kLong)), "a reason is longer"},
      {"split", SPOIL(mutable_split()->clear_job()), "no job is named"},
      {"split", SPOIL(mutable_split()->set_parts(1)), "too few"},
      {"split", SPOIL(mutable_split()->set_parts(kRepeatedMax + 1)), "too many"},
      {"all_bound", SPOIL(mutable_all_bound()->set_run(0)), "run of number 0"},
      {"publish", SPOIL(mutable_publish()->set_run(0)), "run of number 0"},
      {"publish", SPOIL(mutable_publish()->set_report(kLongSetup)), "a report is longer"},
      {"publish_granted", SPOIL(mutable_publish_granted()->set_run(0)), "run of number 0"},
      {"published", SPOIL(mutable_published()->set_run(0)), "run of number 0"},
      {"stage_failed", SPOIL(mutable_stage_failed()->set_run(0)), "run of number 0"},
      {"stage_failed", SPOIL(mutable_stage_failed()->clear_fault()), "without a reason"},
      {"stage_failed", SPOIL(mutable_stage_failed()->mutable_fault()->set_code(99)), "unknown code"},

      {"assign", SPOIL(mutable_assign()->mutable_jobs(0)->clear_job()), "no job is named"},
      {"assign", SPOIL(mutable_assign()->mutable_jobs(0)->clear_attempt()), "no attempt is named"},
      {"assign", SPOIL(mutable_assign()->mutable_jobs(0)->set_kind(kLong)), "a kind is longer"},
      {"assign", SPOIL(mutable_assign()->mutable_jobs(0)->set_setup(kLongSetup)), "a setup is longer"},
      {"assign", SPOIL(mutable_assign()->mutable_jobs(0)->clear_payload()), "no payload is described"},
      {"assign",
       [](Message& m) {
         m.envelope.mutable_assign()->clear_jobs();
         m.payloads.clear();
       },
       "no jobs"},
      {"results", SPOIL(mutable_results()->mutable_results(0)->clear_job()), "no job is named"},
      {"results", SPOIL(mutable_results()->mutable_results(0)->clear_attempt()), "no attempt is named"},
      {"results", SPOIL(mutable_results()->mutable_results(0)->set_outcome(v1::OUTCOME_UNSPECIFIED)), "unknown outcome"},
      {"results", SPOIL(mutable_results()->mutable_results(0)->set_outcome(static_cast<v1::Outcome>(77))), "unknown outcome"},
      {"results", SPOIL(mutable_results()->mutable_results(0)->clear_payload()), "no payload is described"},
      {"results", SPOIL(mutable_results()->mutable_results(0)->set_outcome(v1::OUTCOME_RETURNED)), "failed result with a payload"},
      {"results",
       [](Message& m) {
         m.envelope.mutable_results()->mutable_results(0)->set_outcome(v1::OUTCOME_FAILED);
         m.envelope.mutable_results()->mutable_results(0)->clear_payload();
         m.payloads.clear();
       },
       "without a reason"},
      {"results", SPOIL(mutable_results()->mutable_results(0)->mutable_fault()->set_what(kLong)), "error's text is longer"},
      {"results", SPOIL(mutable_results()->mutable_results(0)->set_measures(kLongMeasures)), "measures is longer"},
      {"results", SPOIL(mutable_results()->clear_results()), "results of no jobs"},
      {"result_ack", SPOIL(mutable_result_ack()->clear_attempts()), "of no attempts"},
      {"result_ack", SPOIL(mutable_result_ack()->mutable_attempts(0)->clear_job()), "no job is named"},
      {"result_ack", SPOIL(mutable_result_ack()->mutable_attempts(0)->clear_attempt()), "no attempt is named"},
      {"revoke", SPOIL(mutable_revoke()->clear_attempts()), "of no attempts"},
      {"revoke", SPOIL(mutable_revoke()->mutable_attempts(0)->clear_job()), "no job is named"},
      {"revoke", SPOIL(mutable_revoke()->mutable_attempts(0)->clear_attempt()), "no attempt is named"},

      {"part", SPOIL(mutable_part()->clear_transfer()), "no transfer is named"},
      {"part", SPOIL(mutable_part()->mutable_transfer()->clear_job()), "no job is named"},
      {"part", SPOIL(mutable_part()->mutable_transfer()->clear_attempt()), "no attempt is named"},
      {"part", [](Message& m) { m.payloads.clear(); }, "without its bytes"},
      {"part", [](Message& m) { m.payloads[0] = {}; }, "empty or too large"},
      {"part", [](Message& m) { m.payloads[0] = std::string(kPartBytesMax + 1, 'x'); }, "empty or too large"},
      {"part", [](Message& m) { m.payloads.emplace_back("more"); }, "more payload frames"},
      {"part_credit", SPOIL(mutable_part_credit()->clear_transfer()), "no transfer is named"},
      // Kinds without a limit of their own can still bring frames that nobody asked for.
      {"heartbeat", [](Message& m) { m.payloads.emplace_back("bytes"); }, "more payload frames"},
      {"ask_workers", [](Message& m) { m.payloads.emplace_back("bytes"); }, "more payload frames"},
      {"renew_lease", [](Message& m) { m.payloads.emplace_back("bytes"); }, "more payload frames"},
      {"lease_renewed", [](Message& m) { m.payloads.emplace_back("bytes"); }, "more payload frames"},
      {"draining", [](Message& m) { m.payloads.emplace_back("bytes"); }, "more payload frames"},
};

TEST(ValidateTest, PassesAGoodMessageOfEveryKind) {
  for (const auto& [kind, message] : wire_samples()) {
    EXPECT_EQ(fault_of(message), std::nullopt) << kind;
  }
}

TEST(ValidateTest, RefusesEveryBrokenLimitInWords) {
  const auto samples = wire_samples();
  for (const Refusal& refusal : kRefusals) {
    Message message = samples.at(refusal.kind);
    refusal.spoil(message);
    const auto fault = fault_of(message);
    ASSERT_TRUE(fault) << refusal.kind << " passed although: " << refusal.reason;
    EXPECT_THAT(*fault, HasSubstr(refusal.reason)) << refusal.kind;
  }
}

TEST(ValidateTest, IsTestedWithEveryKindThatTheWireHas) {
  // Goal: a kind that is added to wire.proto without a sample and a refusal here fails this test.
  const auto samples = wire_samples();
  std::set<std::string> refused;
  for (const Refusal& refusal : kRefusals) refused.insert(refusal.kind);
  const auto* body = v1::Envelope::descriptor()->oneof_decl(0);
  ASSERT_EQ(body->field_count(), 33);
  for (int i = 0; i < body->field_count(); ++i) {
    EXPECT_TRUE(samples.contains(body->field(i)->name())) << body->field(i)->name();
    EXPECT_TRUE(refused.contains(body->field(i)->name())) << body->field(i)->name();
  }
}

TEST(ValidateTest, RefusesAnEnvelopeWithoutABody) {
  EXPECT_EQ(validate(v1::Envelope(), {}), "a message of an unknown kind");
}

TEST(ValidateTest, PassesValuesThatAreExactlyAtTheirLimits) {
  auto samples = wire_samples();
  v1::Hello& hello = *samples.at("hello").envelope.mutable_hello();
  hello.set_host(std::string(kTextBytesMax, 'x'));
  hello.mutable_worker()->set_slots(kSlotsMax);
  EXPECT_EQ(fault_of(samples.at("hello")), std::nullopt);
  samples.at("submit").envelope.mutable_submit()->mutable_run()->set_request(std::string(kSetupBytesMax, 'x'));
  EXPECT_EQ(fault_of(samples.at("submit")), std::nullopt);
  samples.at("part").payloads[0] = std::string(kPartBytesMax, 'x');
  EXPECT_EQ(fault_of(samples.at("part")), std::nullopt);
}

TEST(ValidateTest, LetsAHelloOfAnotherProtocolThroughToBeToldSo) {
  // What else stands in it means something else there: a worker of protocol 1 names its kinds elsewhere.
  Message message = wire_samples().at("hello");
  message.envelope.mutable_hello()->mutable_worker()->clear_kinds();
  EXPECT_NE(fault_of(message), std::nullopt);
  message.envelope.mutable_hello()->set_protocol(1);
  EXPECT_EQ(fault_of(message), std::nullopt);
}

TEST(ValidateTest, AnnouncesALargePayloadWithoutAFrame) {
  Message message = wire_samples().at("deliver");
  *message.envelope.mutable_deliver()->mutable_results(0)->mutable_payload() = payload_ref(5'000'000, Digest{1, 2}, false);
  EXPECT_THAT(fault_of(message).value_or(""), HasSubstr("more payload frames"));
  message.payloads.clear();
  EXPECT_EQ(fault_of(message), std::nullopt);
}

}  // namespace
}  // namespace sheaf::wire
