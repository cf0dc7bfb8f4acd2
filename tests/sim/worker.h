#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "common/wire/outbox.h"
#include "tests/sim/copies.h"
#include "tests/sim/network.h"
#include "tests/sim/process.h"
#include "tests/sim/random.h"
#include "tests/sim/verdict.h"
#include "worker/core/session.h"

namespace sheaf::sim {

/// The longest of the jobs that take long.
inline constexpr Duration kLongJob = std::chrono::seconds(4);

/// What a simulated worker is like.
struct WorkerTraits {
  worker::SessionConfig config;
  std::string fingerprint = "one";
  Duration job_longest{};                      ///< A job takes up to this.
  std::uint64_t fails = 0;                     ///< Per thousand tries: the job itself fails.
  std::vector<std::string> kinds = {"video"};  ///< That it does, each with a program of its own.
  std::uint64_t executor_dies = 0;             ///< Per thousand tries: the executor dies under it.
  std::uint64_t start_fails = 0;               ///< Per thousand starts of an executor.
  std::uint64_t takes_long = 0;                ///< Per thousand jobs: those that take seconds, among short ones.
  std::uint64_t ignores_cancel = 0;            ///< Per thousand revoked jobs: those that go on until their executor is ended.
};

/// A sheaf-worker with its executors and its spawner: the real session; executors that take virtual time, fail and die, and go
/// on while the link is stopped; a spawner that lets nothing run that may not run twice when its lease is over.
class SimWorker final : public Process {
 public:
  SimWorker(Timeline& timeline, Network& network, Random random, std::string name, const WorkerTraits& traits, Copies& copies,
            Verdict& verdict);

  void start();
  /// SIGKILL, of the link; the spawner ends all executors.
  void kill(bool is_orderly);
  /// SIGTERM.
  void drain();
  /// From now on nothing fails.
  void heal();

  Port& port() { return port_; }
  const worker::WorkerSession& session() const { return session_; }
  const WorkerTraits& traits() const { return traits_; }

 private:
  struct Given {
    JobId job;
    Blob payload;
    bool has_begun = false;
    std::uint64_t end = 0;  ///< The number of what will end it.
  };
  struct Executor {
    worker::ProgramIndex program = 0;
    bool is_ready = false;
    std::deque<std::pair<RunId, std::string>> runs;  ///< With their setups, the last kOpenRunsMax.
    std::map<Attempt, Given> given;
    std::deque<Attempt> waiting;  ///< For a slot.
  };

  template <class Call>
  void input(Call call);
  void carry_out(worker::Action& action);
  void keep_part(worker::KeepPart part);
  void flush();
  void start_executor(const worker::StartExecutor& start);
  void lose_executor(worker::ExecutorId id, const std::string& how);
  void take_job(worker::StartJob& start);
  void begin_jobs(worker::ExecutorId id);
  void end_job(worker::ExecutorId id, Attempt attempt, std::uint64_t number);
  /// What the executor says reaches the link when that goes on.
  void report(worker::ExecutorId id, JobId job, Attempt attempt, Result<worker::JobOutput> output);
  void set_lease(Instant until);
  /// Ends what may not run twice, unless the lease has become longer.
  void end_lease();
  bool may_begin(JobId job) const { return !copies_.is_leased(job.run) || now() < lease_until_; }
  /// What it says of an attempt that its executor did not end must be so.
  void check(const v1::JobResult& result);
  void cancel_job(worker::ExecutorId id, Attempt attempt, bool unless_begun);

  std::optional<Instant> next_deadline() const override;
  void on_time() override;

  Random random_;
  WorkerTraits traits_;
  Copies& copies_;
  Verdict& verdict_;
  worker::WorkerSession session_;
  Port port_;
  wire::Outbox outbox_;
  std::map<worker::ExecutorId, Executor> executors_;
  std::set<Attempt> begun_;
  Instant lease_until_{};   ///< As the spawner knows it.
  std::uint64_t ends_ = 0;  ///< For their numbers.
};

}  // namespace sheaf::sim
