#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/runtime/complaints.h"
#include "common/wire/limits.h"
#include "common/wire/message.h"
#include "master/core/scheduler.h"
#include "master/io/audit.h"
#include "master/io/hub_run.h"
#include "master/io/peer_outboxes.h"
#include "master/io/peers.h"
#include "master/io/spool.h"

namespace sheaf::master {

/// How the hub starts a run's stage and ends it. The end of a stage comes back as Hub::on_stage_exited().
class StageLauncher {
 public:
  virtual ~StageLauncher() = default;
  /// `program`: its name, as RunDescription has it. Errors: kUsage when there is no such program here, kFailed when the process
  /// cannot be started.
  virtual Status start(RunId run, const std::string& program, const std::string& token, std::uint32_t incarnation) = 0;
  /// Ends it at once; does nothing when it has ended already.
  virtual void stop(RunId run) = 0;
};

struct HubConfig {
  SchedulerConfig scheduler;
  std::uint64_t memory_window_bytes = kMemoryWindowBytes;  ///< A run's payloads that are fed and not committed.
  std::uint64_t spool_window_bytes = kSpoolWindowBytes;    ///< A run's results that are committed and not bound.
  Duration heartbeat_interval = wire::kHeartbeatInterval;
  Duration silence_max = wire::kSilenceMax;  ///< Of stages and clients; of workers: scheduler.worker_silence_max.
  /// Between two RunUpdates of a run; and how soon the hub looks after what something that happened has led to.
  Duration update_interval = std::chrono::milliseconds(200);
  Duration stage_goodbye_max = std::chrono::seconds(5);     ///< How long a stage may take to give its output up.
  Duration stage_last_words_max = std::chrono::seconds(1);  ///< How long what a stage said before it ended may be on its way.
  std::size_t peers_max = 10'000;
  std::size_t runs_max = 1000;       ///< That have not ended.
  std::size_t ended_runs_max = 100;  ///< That are remembered for a client whose link broke at the end.
};

/// The master without its sockets: who is connected, which runs there are, where payloads lie. It turns messages into events of
/// the scheduler, and the scheduler's actions into messages. It knows nothing about video.
///
/// Time, network, child processes and randomness are given to it: the server loop and the simulator drive the same hub. Not
/// thread-safe.
class Hub {
 public:
  /// What it uses must outlive it. `random` gives 64 random bits a call: tokens come from it. `config.scheduler` must be valid.
  /// `audit`: nullptr where nobody keeps one.
  Hub(const HubConfig& config, PeerSender& sender, StageLauncher& stages, Spool& spool, std::function<std::uint64_t()> random,
      Audit* audit = nullptr);

  /// A message from `from`, or why it was refused. `who`: whose key `from` has shown, as it stands now.
  void on_message(Instant now, const wire::PeerAddress& from, Result<wire::Message> message,
                  const wire::Principal& who = wire::kWithoutKeys);
  /// A message from somebody whose key opens nothing any more. It was not looked at.
  void on_stranger(Instant now, const wire::PeerAddress& from, const wire::Principal& who);
  /// The list of keys was read anew: `find` gives what a key is now, nullptr for one that opens nothing. Who may not be what he
  /// is any more leaves, and his runs end.
  void on_keys_changed(Instant now, const std::function<const wire::Principal*(const std::string& key)>& find);
  /// Everything that is due. Feed it all that has arrived first: a pause of the master's own must not look like everybody's
  /// silence.
  void on_time(Instant now);
  /// What was sent there cannot reach anybody any more.
  void on_gone(Instant now, const wire::PeerAddress& address) { lose(now, address, false); }
  /// A stage that the launcher has started has ended: "was ended by signal 9 (Killed)".
  void on_stage_exited(Instant now, RunId run, const std::string& how);
  /// Says goodbye to everybody, so that nobody waits for silence.
  void shut_down(Instant now, const std::string& reason);

  /// When on_time() is due; empty while nobody is there and there is no run: only input can change that.
  std::optional<Instant> next_deadline() const { return next_look_; }

  const Scheduler& scheduler() const { return scheduler_; }
  /// Runs that have not ended.
  std::size_t active_runs() const;
  /// Messages that were malformed or not for their sender to send.
  std::uint64_t refused_messages() const { return refused_messages_; }
  /// Aborts if it keeps what nothing needs, or lacks what something does. Costs as much as the tables are long: for tests.
  void check_invariants() const;

 private:
  struct ArrivedResult {
    StoredPayload payload;
    std::string measures;
  };

  // hub.cc: links, and the scheduler's steps
  void on_hello(Instant now, const wire::PeerAddress& from, const v1::Hello& hello, const wire::Principal& who);
  void welcome_worker(Instant now, Peer peer, const v1::Hello& hello);
  void welcome_stage(Instant now, Peer peer, const v1::StageHello& hello);
  void welcome_client(Instant now, Peer peer);
  v1::Welcome make_welcome() const;
  void renew_lease(Instant now, Peer& worker, const v1::RenewLease& asked);
  void dispatch(Instant now, Peer& peer, wire::Message& message);
  void send(Instant now, Peer& peer, v1::Envelope envelope, std::vector<Bytes> payloads = {});
  void refuse(const wire::PeerAddress& to, v1::RefusalReason reason, std::string text);
  /// The connection is gone: what depends on it is told. `graceful`: it said goodbye.
  void lose(Instant now, const wire::PeerAddress& address, bool graceful);
  void look_before(Instant when) { next_look_ = std::min(next_look_.value_or(when), when); }
  std::optional<Instant> next_look_without_input(Instant now) const;
  void apply(Instant now, Event event);
  void carry_out(Instant now, const Action& action);
  v1::Envelope envelope() const;

  // hub_keys.cc: whose key a peer has shown
  /// Of what somebody has sent who may not, or that cannot be read: counted, logged, kept in the audit.
  void refuse_message(Instant now, const wire::PeerAddress& from, const wire::Principal& who, v1::RefusalReason reason,
                      const std::string& text);
  /// Whether the attempt was given to that key, or is of no matter any more.
  bool may_answer(const wire::Principal& who, JobId job, Attempt attempt) const;
  /// Of a job that was given to another key: it counts for nothing.
  void refuse_answer(Instant now, const Peer& worker, JobId job, Attempt attempt);
  void audit(AuditEvent::What what, const wire::Principal& who, const std::string& peer, const std::string& detail);

  // hub_observers.cc: those who look on
  void on_ask_workers(Instant now, Peer& observer, const v1::AskWorkers& asked);

  // hub_runs.cc: runs, their clients and their stages
  void on_submit(Instant now, Peer& client, const v1::Submit& submit);
  void on_cancel(Instant now, Peer& client, const v1::CancelRun& cancel);
  void on_stage_message(Instant now, Peer& stage, wire::Message& message);
  void on_feed(Instant now, Peer& stage, HubRun& run, wire::Message& message);
  void on_accept(Instant now, Peer& stage, HubRun& run, const v1::Accept& accept);
  /// Whether there is a result of an older payload. Nothing would release what is kept for a Redo of anything else.
  bool can_be_redone(const HubRun& run, JobKey key, std::uint32_t revision) const;
  void on_redo(Instant now, Peer& stage, HubRun& run, wire::Message& message);
  void take_job(Instant now, HubRun& run, const v1::JobHeader& header, std::uint32_t revision, StoredPayload payload);
  /// How large a job's payload may be to lie in memory.
  std::uint64_t memory_bytes_max(const HubRun& run) const;
  void on_damaged_job(Instant now, HubRun& run);
  void on_publish(Instant now, Peer& stage, HubRun& run, const v1::Publish& publish);
  void send_credit(Instant now, HubRun& run);
  void deliver(Instant now, JobId job);
  void end_run(Instant now, HubRun& run, v1::RunState state, std::optional<Error> fault);
  void finish_run(Instant now, HubRun& run);
  void update_client(Instant now, HubRun& run, bool force);
  void watch_run(Instant now, HubRun& run);
  /// When the run has to be looked at, if nothing happens before.
  std::optional<Instant> next_look_at(const HubRun& run) const;
  void watch_fit(HubRun& run);
  HubRun* find_run(RunId id);
  Peer* stage_of(HubRun& run);
  Peer* client_of(HubRun& run);

  // hub_jobs.cc: workers, their answers, and large payloads on their way
  void assign(Instant now, const Assign& action);
  void revoke(Instant now, const Revoke& action);
  void commit(const Commit& action);
  void commit_fault(Instant now, const CommitFault& action);
  void on_results(Instant now, Peer& worker, wire::Message& message);
  /// `bytes`: of a payload that came inlined.
  void on_result(Instant now, Peer& worker, const v1::JobResult& result, Bytes bytes);
  /// Not in the middle of a step: the scheduler decides at once what becomes of the result.
  void on_result_whole(Instant now, WorkerId worker, TransferKey key, ArrivedResult result);
  void on_result_not_kept(Instant now, WorkerId worker, TransferKey key, const Error& error);
  void on_part(Instant now, Peer& peer, const v1::Part& part, std::string_view bytes);
  void on_part_credit(Instant now, Peer& peer, const v1::PartCredit& credit);
  void start_download(Instant now, Peer& peer, TransferKey key, const v1::PayloadRef& announced, v1::JobHeader job,
                      std::string measures);
  void ack(Instant now, WorkerId worker, JobId job, Attempt attempt);

  HubConfig config_;
  PeerSender& sender_;
  StageLauncher& stages_;
  Spool& spool_;
  std::function<std::uint64_t()> random_;
  Audit* audit_;

  Scheduler scheduler_;
  std::deque<Event> events_;  ///< That an action led to; applied after the actions of the step before.
  bool applying_ = false;

  PeerTable peers_;
  std::uint64_t next_worker_ = 1;

  std::map<RunId, HubRun> runs_;
  std::uint64_t next_run_ = 1;
  std::deque<RunId> ended_;

  /// Results that have arrived whole and that the scheduler decides about: a Commit or a DropResult follows at once.
  std::map<std::pair<WorkerId, TransferKey>, ArrivedResult> arrived_;

  std::optional<Instant> next_look_;
  std::uint64_t refused_messages_ = 0;
  Complaints complaints_;  ///< About messages that are refused: anybody's.
  Complaints damages_;     ///< On the way.
};

}  // namespace sheaf::master
