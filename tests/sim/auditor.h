#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "common/wire/peer_address.h"
#include "master/io/hub.h"
#include "tests/sim/verdict.h"
#include "tests/sim/workload.h"

namespace sheaf::sim {

/// What a run was opened with.
struct AuditedRun {
  const Workload* workload = nullptr;
  std::string kind = {};
  std::uint32_t attempts_max = 0;
  bool binds_fingerprint = false;
};

/// Reads every message that the master gets and sends, and keeps books of its own on what it owes to whom: an oracle of credit,
/// windows, acknowledgements and payloads that shares nothing with the code under test.
class Auditor {
 public:
  Auditor(const master::HubConfig& config, Verdict& verdict) : config_(config), verdict_(verdict) {}

  void expect_run(RunId run, const AuditedRun& audited) { runs_[run].audited = audited; }

  /// The connection is gone: a Hello that still comes from there is a first one.
  void on_gone(const wire::PeerAddress& address);
  /// `hub` as it is while the message is sent.
  void on_sent(const master::Hub& hub, const wire::PeerAddress& to, const wire::Message& message);
  /// Before the hub gets it.
  void on_arrived(const wire::PeerAddress& from, const wire::Message& message);
  /// After every input.
  void check_windows(const master::Hub& hub);

  /// Whether what workers have reported is enough for the run to fail: tries or strikes of one job. A worker that hands a job
  /// back is never a reason.
  bool may_fail(RunId run) const;

 private:
  struct Expected {
    Digest payload;
    Digest result;
    std::uint64_t payload_bytes = 0;
    std::uint64_t result_bytes = 0;
  };
  struct Reports {
    std::uint32_t failed = 0;
    std::uint32_t executor_lost = 0;
  };
  struct Run {
    AuditedRun audited;
    std::map<std::pair<std::uint64_t, std::uint32_t>, Expected> expected;  ///< By seq and revision.
    std::uint64_t payload_bytes_max = 0;                                   ///< Of what was seen so far.
    std::uint64_t jobs_measured = 0;                                       ///< For it.
    std::map<JobKey, Reports> reports;
    std::map<std::uint64_t, std::uint32_t> revision_asked;  ///< Of jobs that the stage wanted done again, by seq.
    std::map<std::uint64_t, std::uint64_t> with_stage;  ///< Bytes of the results that it was sent and has not answered, by seq.
    bool may_fail = false;
    std::uint64_t committed = 0;    ///< When it was looked at last.
    std::string committed_by = {};  ///< The fingerprint of whoever made what is committed.
  };
  struct Link {
    v1::WorkerHello greeting;  ///< The last one: what the next Welcome answers.
    bool is_gone = false;
    std::map<Attempt, std::uint64_t> held;  ///< Bytes of the payloads that the worker has.
    std::set<Attempt> answered;             ///< What the worker has reported in full, and may be acknowledged.
  };

  const Expected& expected(Run& run, std::uint64_t seq, std::uint32_t revision);
  void on_assignment(const master::Hub& hub, Link& link, const v1::Assignment& assignment);
  void on_welcome(Link& link);
  void on_delivery(const master::Hub& hub, const v1::Delivery& delivery);
  void on_ack(const master::Hub& hub, Link& link, const v1::JobAttempt& answered);
  void on_stage_message(Run& run, const v1::Envelope& envelope);
  void on_result(Link& link, const v1::JobResult& result);
  /// All results of a run that asks for it come from workers with one fingerprint.
  void check_fingerprint(Run& run, const master::RunView& view);

  const master::HubConfig& config_;
  Verdict& verdict_;
  std::map<RunId, Run> runs_;
  std::map<wire::PeerAddress, Link> links_;  ///< Of workers.
  std::map<wire::PeerAddress, RunId> stages_;
  std::string heard_fingerprint_;                      ///< Of the worker whose message is being worked on.
  std::map<Attempt, std::uint64_t> attempt_bytes_;     ///< Of every attempt that was issued.
  std::map<Attempt, std::uint32_t> attempt_revision_;  ///< Likewise: of the payload that it works on.
};

}  // namespace sheaf::sim
