#pragma once

#include <functional>
#include <string>

#include "master/io/hub.h"
#include "tests/sim/auditor.h"
#include "tests/sim/network.h"
#include "tests/sim/process.h"
#include "tests/sim/random.h"
#include "tests/unit/faulty_disk.h"

namespace sheaf::sim {

/// The master's process: the real hub and its spool, without the sockets.
class SimMaster final : public Process, public master::PeerSender, public master::StageLauncher {
 public:
  SimMaster(Timeline& timeline, Network& network, Random random, const master::HubConfig& config, const std::string& directory,
            Verdict& verdict);

  const master::Hub& hub() const { return hub_; }
  Auditor& auditor() { return auditor_; }
  master::FaultyDisk& disk() { return disk_; }

  /// A run was given its number: `tag` is the client's. Before anything else is said of it.
  std::function<void(RunId run, std::uint64_t tag)> on_submitted;
  /// Starts and ends the stages of runs; the owner has them.
  std::function<void(RunId run, const v1::StageHello& identity)> on_start_stage;
  std::function<void(RunId run)> on_stop_stage;

  void stage_exited(RunId run, const std::string& how);

 private:
  void send(const wire::PeerAddress& to, wire::Message message) override;
  void forget(const wire::PeerAddress& to) override { outboxes_.forget(to); }
  void flush();
  Status start(RunId run, const std::string& program, const std::string& token, std::uint32_t incarnation) override;
  void stop(RunId run) override;
  using Process::stop;

  std::optional<Instant> next_deadline() const override;
  void on_time() override;

  Network& network_;
  Random random_;
  master::HubConfig config_;
  Verdict& verdict_;
  Auditor auditor_;
  master::PeerOutboxes outboxes_;
  std::optional<Instant> retry_;  ///< Of what waits.
  master::FaultyDisk disk_;
  master::Spool spool_;
  master::Hub hub_;
};

}  // namespace sheaf::sim
