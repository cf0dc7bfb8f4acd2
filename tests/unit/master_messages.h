#pragma once

#include <cstdint>
#include <string>

#include "common/base/ids.h"
#include "common/wire/message.h"
#include "tests/unit/wire_samples.h"

namespace sheaf::stage {

/// What a master says to the stage of run 1, incarnation 2, in the course of a run.
constexpr std::uint64_t kRun = 1;
constexpr std::uint32_t kIncarnation = 2;

inline v1::StageHello stage_identity() {
  v1::StageHello identity;
  identity.set_run(kRun);
  identity.set_token("sixteen bytes ..");
  identity.set_incarnation(kIncarnation);
  return identity;
}

inline v1::Hello hello_of_stage_process() {
  v1::Hello hello;
  *hello.mutable_session() = wire::to_wire(SessionId{1, 2});
  hello.set_host("here");
  hello.set_pid(3);
  return hello;
}

inline wire::Message welcome_message(std::uint64_t epoch) {
  wire::Message message;
  v1::Welcome& welcome = *message.envelope.mutable_welcome();
  welcome.set_epoch(epoch);
  welcome.set_heartbeat_interval_ms(1000);
  welcome.set_silence_max_ms(4000);
  welcome.mutable_run()->set_kind("video");
  welcome.mutable_run()->set_stage_program("sheaf-stage-video");
  welcome.mutable_run()->set_attempts_max(1);
  return message;
}

inline wire::Message credit_message(std::uint64_t jobs_until, std::uint64_t jobs_received = 0,
                                    std::uint64_t bytes_until = 1 << 30) {
  wire::Message message;
  v1::FeedCredit& credit = *message.envelope.mutable_feed_credit();
  credit.set_run(kRun);
  credit.set_bytes_until(bytes_until);
  credit.set_jobs_until(jobs_until);
  credit.set_jobs_received(jobs_received);
  return message;
}

inline wire::Message deliver_message(std::uint64_t seq, const std::string& result, std::uint32_t revision = 0) {
  wire::Message message;
  v1::Delivery& deliver = *message.envelope.mutable_deliver()->add_results();
  *deliver.mutable_job() = wire::to_wire(JobId{RunId{kRun}, {seq, 0}});
  deliver.set_revision(revision);
  deliver.set_measures("measures");
  *deliver.mutable_payload() = wire::inlined_ref(result);
  message.payloads.push_back(result);
  return message;
}

inline wire::Message all_bound_message() {
  wire::Message message;
  message.envelope.mutable_all_bound()->set_run(kRun);
  return message;
}

inline wire::Message publish_granted_message() {
  wire::Message message;
  message.envelope.mutable_publish_granted()->set_run(kRun);
  message.envelope.mutable_publish_granted()->set_incarnation(kIncarnation);
  return message;
}

inline wire::Message goodbye_message(const std::string& reason) {
  wire::Message message;
  message.envelope.mutable_goodbye()->set_reason(reason);
  return message;
}

}  // namespace sheaf::stage
