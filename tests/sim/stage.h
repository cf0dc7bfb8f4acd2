#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/wire/outbox.h"
#include "stage/stage_kind.h"
#include "stage/stage_session.h"
#include "tests/sim/network.h"
#include "tests/sim/process.h"
#include "tests/sim/random.h"
#include "tests/sim/verdict.h"
#include "tests/sim/workload.h"

namespace sheaf::sim {

/// Source and sink of a simulated run. It cuts what the workload says, and it is the oracle of what is bound: each job once, in
/// order, with the right bytes. It also holds the session to their contracts.
class SimKind final : public stage::JobSource, public stage::ResultSink {
 public:
  SimKind(const Workload& workload, std::string scratch, Verdict& verdict)
      : workload_(workload), scratch_(std::move(scratch)), verdict_(verdict) {}

  stage::StagePlan plan();
  /// Whether next_job() would have to wait for somebody who reads the output before he goes on.
  bool waits_for_input() const { return workload_.is_conversation && bound_ < cut_; }
  Result<std::optional<stage::JobOut>> next_job() override;
  Result<stage::Binding> bind(JobKey key, Blob result, const std::string& measures) override;
  Result<stage::StageReport> finish() override;
  Status publish() override;
  void abandon() noexcept override;

  std::uint64_t bound() const { return bound_; }
  std::uint64_t redone() const { return redone_; }
  bool is_published() const { return is_published_; }
  bool is_abandoned() const { return is_abandoned_; }

 private:
  Blob blob_of(const std::string& bytes) const;

  const Workload& workload_;
  std::string scratch_;
  Verdict& verdict_;
  bool is_planned_ = false;
  bool is_finished_ = false;
  bool is_published_ = false;
  bool is_abandoned_ = false;
  std::uint64_t cut_ = 0;
  std::uint64_t bound_ = 0;
  std::uint64_t units_bound_ = 0;
  std::uint64_t redone_ = 0;
  std::map<std::uint64_t, std::uint32_t> asked_;  ///< The last revision that was asked for, by seq.
};

/// The report that a run must end with.
std::string report_of(const Workload& workload);

/// A stage process: the real session, and a kind whose calls take virtual time.
class SimStage final : public Process {
 public:
  SimStage(Timeline& timeline, Network& network, Random random, std::string name, const v1::StageHello& identity,
           const Workload& workload, const std::string& scratch, Verdict& verdict);

  void start();
  /// SIGKILL.
  void kill();

  Port& port() { return port_; }
  const SimKind& kind() const { return kind_; }
  /// With which exit code it left; empty while it is there, or was killed.
  std::optional<int> exit_code() const { return exit_code_; }
  /// Called when the process has ended: "ended with exit code 0".
  std::function<void(const std::string& how)> on_exit;

 private:
  template <class Call>
  void input(Call call);
  void carry_out(stage::StageAction& action);
  void flush();
  /// Lets source or sink (whose flag is given) work for a while on its own thread, then gives the session what came of it.
  template <class Work>
  void work(bool& is_working, Duration longest, Work work);
  void cut();

  std::optional<Instant> next_deadline() const override;
  void on_time() override;

  Random random_;
  stage::StageSession session_;
  SimKind kind_;
  Verdict& verdict_;
  Port port_;
  wire::Outbox outbox_;
  bool is_cutting_ = false;
  bool is_binding_ = false;
  bool is_source_done_ = false;
  int jobs_asked_ = 0;
  std::optional<int> exit_code_;
};

}  // namespace sheaf::sim
