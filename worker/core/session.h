#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/wire/peer_link.h"
#include "worker/core/actions.h"
#include "worker/core/executor_table.h"
#include "worker/core/held_job.h"
#include "worker/core/job_output.h"
#include "worker/core/job_queue.h"
#include "worker/core/lease.h"
#include "worker/core/run_setups.h"

namespace sheaf::worker {

struct SessionConfig {
  std::size_t programs = 1;        ///< That executors may run; each does kinds of jobs of its own.
  std::vector<std::string> kinds;  ///< Of those, what this worker is to do; empty: all.
  std::uint32_t executors = 1;
  std::uint32_t threads = 1;         ///< Slots of each.
  std::uint32_t prefetch = 1;        ///< Jobs that it takes beyond its slots.
  std::uint64_t bytes_max = 0;       ///< Payload bytes that it takes; one job always.
  Duration drain_max{};              ///< How long a draining worker goes on.
  std::string scratch = "/var/tmp";  ///< Directory for large payloads.
};

/// What a test or an operator counts.
struct SessionStats {
  std::uint64_t accepted = 0;       ///< Attempts taken.
  std::uint64_t repeated = 0;       ///< Assignments of attempts that were accepted before.
  std::uint64_t done = 0;           ///< Results, of any outcome but the next four.
  std::uint64_t executor_lost = 0;  ///< Attempts under executors that died.
  std::uint64_t lapsed = 0;         ///< Attempts that were ended with their lease.
  std::uint64_t returned = 0;       ///< Attempts handed back.
  std::uint64_t damaged = 0;        ///< Of those: payloads that did not arrive as they were sent.
  std::uint64_t unknown_runs = 0;   ///< Of those: assignments of a run whose setup this worker does not have.
  std::uint64_t revoked = 0;        ///< Attempts that the master called back.
  std::uint64_t stale = 0;          ///< Messages about attempts that are not held, as after a revocation.
};

/// A worker's side of the protocol: takes jobs, has executors do them, keeps each result until the master has it.
///
/// A pure state machine: no socket, clock, thread or log; payloads beyond 1 MiB lie in files (Blob). The owner feeds it one
/// event at a time and carries out the actions in their order. Equal configuration and equal events give equal actions.
///
/// Not thread-safe: one thread makes every call. `now` never runs backwards. After Leave every call does nothing.
class WorkerSession {
 public:
  /// `hello`: what this process says of itself; the role and its part are added. Begin with on_time().
  WorkerSession(const SessionConfig& config, v1::Hello hello);

  /// A message of the master that has passed validate().
  void on_message(Instant now, wire::Message message, Actions& actions);

  void on_executor_ready(Instant now, ExecutorId executor, const ExecutorFacts& facts, Actions& actions);
  /// It has ended, or could not be started. `evidence` goes to the master with each job that ran in it: how it ended, its
  /// memory, its last words.
  void on_executor_lost(Instant now, ExecutorId executor, const Error& evidence, Actions& actions);
  /// A job has ended; `final`: trying again cannot help.
  void on_job_done(Instant now, ExecutorId executor, JobId job, Attempt attempt, Result<JobOutput> output, bool final,
                   Actions& actions);

  /// A KeepPart was carried out: the payload with the part in it, or why not.
  void on_part_kept(Instant now, std::uint64_t number, Attempt attempt, Result<Blob> payload, Actions& actions);

  void on_time(Instant now, Actions& actions);
  /// When on_time() has something to do; empty if only other input can.
  std::optional<Instant> next_deadline() const;

  /// Hands back what was not started, finishes the rest, then leaves with `reason` and `exit_code`, after drain_max at the
  /// latest.
  void drain(Instant now, const Error& reason, int exit_code, Actions& actions);
  /// Leaves at once.
  void leave(Instant now, const Error& reason, int exit_code, Actions& actions);

  const wire::PeerLink& link() const { return link_; }
  const SessionStats& stats() const { return stats_; }
  /// The programs that cannot run here: their kinds are not offered.
  const std::set<ProgramIndex>& useless_programs() const { return useless_; }
  std::size_t held() const { return jobs_.size(); }
  /// All slots are busy.
  bool is_full() const { return executors_.is_full(); }

 private:
  struct Draining {
    Instant until{};
    Error reason;
    int exit_code = 0;
  };

  // session_messages.cc: what the master says.
  void on_assignment(const v1::Assignment& assignment, Bytes payload, Actions& actions);
  void on_result_ack(const v1::JobAttempt& answered);
  void on_revoke(const v1::JobAttempt& revoked, Actions& actions);
  void on_part(const v1::Part& part, Bytes bytes, Actions& actions);
  void keep_next_part(HeldJob& held, Actions& actions);
  void on_part_credit(const v1::PartCredit& credit, Actions& actions);
  void accept(const v1::Assignment& assignment, HeldJob held, Bytes payload, Actions& actions);
  void ask_for_more(HeldJob& held, Actions& actions);
  void return_damaged(HeldJob& held, Actions& actions);
  HeldJob* find(const v1::JobRef& job, const v1::AttemptRef& attempt);

  // session_lease.cc: what may not run in two copies, and when it may run here.
  /// An input at `now` begins: what has run out by then comes before it.
  void begin(Instant now, Actions& actions);
  void renew_lease(Actions& actions);
  void on_lease_mark(std::uint64_t mark, Actions& actions);
  /// Others may soon be given it: it is not begun here, and does not go on.
  void give_up(HeldJob& held, Actions& actions);
  void give_up_leased(Actions& actions);
  /// As another peer than before, this worker has for the master only what the Hello named that this Welcome answers.
  void give_up_unknown(const v1::Welcome& welcome, Actions& actions);
  /// Says of what was not begun that others may have it at once.
  void hand_back_leased(Actions& actions);
  bool may_start_next(ProgramIndex program) const;
  void name_held_attempts(Actions& actions);

  // session.cc: what follows from it.
  void drive_link(Actions& actions);
  /// Once there is nothing more to wait for: says in the hello what this worker does.
  void make_offer();
  /// An executor of that program could not even be started, again and again. False if nothing is left to wait for.
  bool do_without(ProgramIndex program);
  void on_link_lost(Actions& actions);
  void say_all_again(Actions& actions);
  void send_draining(Actions& actions);
  /// The jobs that were given to that executor and have not ended, in that order.
  std::vector<Attempt> running_on(ExecutorId executor) const;
  /// When what waits beyond the prefetch has waited too long.
  std::optional<Instant> hand_back_at() const;
  void hand_back_queued(Actions& actions);
  void ask_back_stuck(Actions& actions);
  /// Starts what can be started, and leaves when a drain is over.
  void settle(Actions& actions);
  void start(HeldJob& held, ExecutorId executor, Actions& actions);
  void start_ahead(Actions& actions);
  void enqueue(HeldJob& held);
  void unqueue(const HeldJob& held);
  std::size_t queued() const;
  /// The program that has jobs waiting of which one came first, among those with a free slot; empty when there is none.
  std::optional<ProgramIndex> next_to_start() const;
  void finish(HeldJob& held, v1::Outcome outcome, const Error* fault, bool final, Actions& actions);
  void send_result(HeldJob& held, Actions& actions);
  void send(wire::Message message, Actions& actions);
  void forget(Attempt attempt);
  bool was_accepted(Attempt attempt) const;

  SessionConfig config_;
  wire::PeerLink link_;
  ExecutorTable executors_;
  RunSetups setups_;
  std::map<Attempt, HeldJob> jobs_;
  std::vector<JobQueue> queues_;  ///< By program.
  Lease lease_;
  std::uint64_t peer_ = 0;        ///< What the master calls this worker, by the last Welcome.
  std::set<Attempt> stopping_;    ///< Running, and revoked or lapsed: those that have an `end_at`.
  std::uint64_t starts_ = 0;      ///< For their numbers.
  std::uint64_t parts_kept_ = 0;  ///< Likewise.
  std::set<Attempt> forgotten_;   ///< The attempts that were held, as far as they are remembered.
  std::deque<Attempt> forgotten_order_;
  std::vector<std::optional<ExecutorFacts>> facts_;  ///< By program: of the first executor that was ready.
  std::set<ProgramIndex> useless_;                   ///< The programs that cannot run here.
  std::map<std::string, ProgramIndex> kinds_;        ///< What is offered, and which program does it.
  bool has_offer_ = false;  ///< It is known of each program what it does: from then on there is a link.
  std::optional<Draining> draining_;
  bool has_left_ = false;
  Instant now_{};  ///< Of the event that is being handled.
  SessionStats stats_;
};

}  // namespace sheaf::worker
