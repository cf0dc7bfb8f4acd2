#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/base/time.h"
#include "common/wire/peer_address.h"
#include "common/wire/principal.h"
#include "master/core/stats.h"
#include "master/io/fed_jobs.h"
#include "master/io/spool.h"
#include "sheaf/v1/wire.pb.h"

namespace sheaf::master {

/// What the hub knows of one run beside what the scheduler knows: whose it is, and where its payloads are.
struct HubRun {
  RunId id;
  v1::RunDescription description;
  SessionId client;
  wire::Principal owner;  ///< Whose key has submitted it.
  std::uint64_t tag = 0;
  std::string token;  ///< What its stage has to show.
  std::uint32_t incarnation = 1;

  v1::RunState state = v1::RUN_PLANNING;
  v1::RunPlanned planned;
  RunView view;  ///< The last one, once the scheduler has forgotten the run.

  wire::PeerAddress stage;              ///< Empty while none is connected.
  std::optional<Instant> stage_absent;  ///< Since when: from the beginning, until it has connected, and when its link breaks.
  std::optional<Instant> client_absent;
  std::optional<Instant> stage_exited;  ///< Its process has ended, and `stage_exit` is how.
  std::string stage_exit;

  /// Set once the run is to end in `end_state`, while its stage gives the output up.
  std::optional<Instant> ending;
  v1::RunState end_state = v1::RUN_FAILED;
  std::optional<Error> fault;
  std::optional<Error> last_job_fault;  ///< Of the failed try that was reported last.

  v1::FeedCredit credit;
  FedJobs jobs;
  struct Committed {
    StoredPayload payload;
    std::uint32_t revision = 0;
    std::string measures;
    bool is_fault = false;  ///< The payload is a Fault.
  };
  std::map<JobKey, Committed> results;        ///< Committed and not accepted.
  std::map<JobKey, std::uint32_t> revisions;  ///< Of jobs that were asked for again and are not accepted.
  std::uint32_t revision_of(JobKey key) const {
    const auto found = revisions.find(key);
    return found == revisions.end() ? 0 : found->second;
  }
  /// With keys: which of them each attempt was given to, of jobs that are not accepted. Numbers are small and anybody can guess
  /// them, so they prove nothing.
  std::map<JobKey, std::map<Attempt, std::string>> holders;
  std::optional<v1::Publish> publish;

  bool has_no_fit = false;  ///< There are workers, and none that may do its jobs: said in the log once.
  std::string last_update;  ///< What was sent, so that nothing is said twice.

  bool is_over() const { return state == v1::RUN_DONE || state == v1::RUN_FAILED || state == v1::RUN_CANCELLED; }
};

}  // namespace sheaf::master
