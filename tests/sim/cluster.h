#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/client.h"
#include "tests/sim/copies.h"
#include "tests/sim/master.h"
#include "tests/sim/network.h"
#include "tests/sim/random.h"
#include "tests/sim/stage.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trace.h"
#include "tests/sim/verdict.h"
#include "tests/sim/worker.h"
#include "tests/sim/workload.h"

namespace sheaf::sim {

/// What has become of a seed.
struct Outcome {
  std::optional<std::string> failure;  ///< What an oracle has found; empty: all is well.
  Digest trace;                        ///< Equal for equal seeds.
  std::uint64_t events = 0;
  double virtual_seconds = 0;
  std::uint32_t runs_done = 0;
  std::uint32_t runs_failed = 0;
  std::uint32_t runs_cancelled = 0;
};

/// A whole cluster in one thread, made from a seed: one master, some workers, one or two runs with their stages and clients.
/// For a while things go wrong; then everything is healed, and from there all has to come to its end.
class Cluster {
 public:
  /// `scratch`: a directory for spool and blobs.
  Cluster(std::uint64_t seed, const std::string& scratch, Trace& trace);

  Outcome run();

 private:
  /// One run and whoever is concerned with it.
  struct SimRun {
    Workload workload;
    v1::RunDescription description;
    std::unique_ptr<SimClient> client;
    std::unique_ptr<SimStage> stage;
    RunId id;
    bool is_stage_lost = false;  ///< Killed, or it stands still for good.
    bool is_client_killed = false;
    bool is_cancel_asked = false;
    Instant next_help{};
    Instant spared_until{};  ///< Stage and client of a run get one fault at a time: two in a row may be the end of it.
  };
  /// Where one worker process runs after the other.
  struct Seat {
    WorkerTraits traits;
    SimWorker* worker = nullptr;
    bool is_awaited = false;  ///< A new process is to start.
  };

  // cluster.cc
  master::HubConfig make_config();
  void make_run(std::uint64_t tag);
  void make_seat();
  void start_worker(std::size_t seat);
  /// What runs need to go on and no seat has (any more): a worker that does their kind, or is of the build that began them.
  void provide_workers();
  void start_stage(SimRun& run, const v1::StageHello& identity);
  void on_submitted(RunId id, std::uint64_t tag);
  void watch();
  bool is_over() const;
  std::string what_is_missing() const;
  void judge(SimRun& run, Outcome& outcome);

  // faults.cc
  void schedule_faults();
  void next_fault();
  void fault_worker(Seat& seat, std::size_t index);
  void fault_stage(SimRun& run);
  void fault_disk();
  void fault_client(SimRun& run);
  void pause(Process& process, Duration how_long, const char* what);
  void break_link(Port& port, Duration down, const std::string& name);
  void heal();

  const std::string& scratch_;
  Trace& trace_;
  Timeline timeline_;
  Random random_;
  Verdict verdict_;
  Network network_;
  Copies copies_;
  master::HubConfig config_;
  SimMaster master_;
  std::vector<std::unique_ptr<SimRun>> runs_;
  std::vector<Seat> seats_;
  std::vector<std::unique_ptr<SimWorker>> workers_;  ///< All that ever were.

  bool has_leases_ = false;  ///< Some run's jobs may not run in two copies: faults take longer, to outlast a lease.
  Duration job_longest_{};
  Duration fault_gap_{};
  std::uint64_t fault_kinds_ = 0;  ///< A bit for each: every seed has a mixture of its own.
  Instant heal_at_{};
  Instant deadline_{};
  bool is_healed_ = false;
  bool was_disk_faulty_ = false;  ///< The spool's: every run may have failed by it.
  bool is_done_ = false;
};

/// Runs the seed from beginning to end.
Outcome run_seed(std::uint64_t seed, const std::string& scratch, bool is_printed = false);

}  // namespace sheaf::sim
