#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/wire/outbox.h"
#include "common/wire/peer_link.h"
#include "tests/sim/network.h"
#include "tests/sim/process.h"
#include "tests/sim/random.h"
#include "tests/sim/verdict.h"

namespace sheaf::sim {

/// A command that submits one run and watches it to its end.
class SimClient final : public Process {
 public:
  SimClient(Timeline& timeline, Network& network, Random random, std::string name, std::uint64_t tag, v1::RunDescription run,
            Verdict& verdict);

  void start();
  void cancel();
  /// SIGKILL.
  void kill();

  Port& port() { return port_; }
  /// Known once it was submitted.
  std::optional<RunId> run() const { return run_; }
  /// The last update, once it is one of an end.
  const std::optional<v1::RunUpdate>& end_of_run() const { return end_; }

  /// The run is known; with a stage at the client: what to show. Said again with every new link.
  std::function<void(RunId run, const std::string& token)> on_submitted;

 private:
  void on_message(const wire::Message& message);
  void on_update(const v1::RunUpdate& update);
  void send(v1::Envelope envelope);
  void flush();

  std::optional<Instant> next_deadline() const override;
  void on_time() override;

  Random random_;
  std::uint64_t tag_;
  v1::RunDescription description_;
  Verdict& verdict_;
  wire::PeerLink link_;
  Port port_;
  wire::Outbox outbox_;
  std::optional<RunId> run_;
  std::optional<v1::RunUpdate> end_;
  std::uint64_t units_bound_ = 0;
};

}  // namespace sheaf::sim
