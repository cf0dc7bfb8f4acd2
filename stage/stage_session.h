#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/seq_set.h"
#include "common/wire/peer_link.h"
#include "common/wire/transfer.h"
#include "stage/stage_kind.h"

namespace sheaf::stage {

/// A result that the sink is to bind.
struct ToBind {
  JobKey key;
  std::uint32_t revision = 0;  ///< Of the payload that it is a result of.
  bool is_fault = false;       ///< There is no result: `result` is a Fault.
  Blob result;
  std::string measures;
};

/// What a stage session wants done. NextJob is for the source, and Open, Bind, Finish, PublishOutput and Abandon are for the
/// sink (or make both): each is answered by the on_...() of the same name, in the order in which they were asked for. A thread
/// for each can do so. Several NextJobs may be under way at a time, but one call of the sink.
struct Send {
  wire::Message message;
};
struct Open {  ///< Make source and sink of this run.
  v1::RunDescription run;
};
struct NextJob {};  ///< Behind the last job, and behind an error, there is none: the source is not asked.
/// Has no answer: NextJobs and a Bind that are under way are answered soon, and only Abandon follows.
struct Interrupt {};
struct Bind {
  std::vector<ToBind> results;  ///< Of one job after the other; not empty.
};
struct Finish {};
struct PublishOutput {};
struct Abandon {};
struct Leave {
  int exit_code = 0;
  std::string reason;
};
/// What came of a Bind.
struct Bound {
  std::vector<JobKey> accepted;  ///< The results before the one that was objected to, or all.
  std::optional<Result<Redo>> objected;
  JobKey objected_to{};
  std::vector<ToBind> left;  ///< Behind that one: the sink was not given them.
};
template <class Sink>
Result<Binding> bind_fault(Sink& sink, const ToBind& next) {
  v1::Fault fault;
  auto bytes = next.result.read_all();
  if (!bytes) return propagate(bytes);
  if (!fault.ParseFromString(*bytes)) return fail(ErrorCode::kCluster, "a fault that cannot be read");
  return sink.bind_fault(next.key, wire::from_wire(fault));
}
/// Gives `sink` (a ResultSink) the results of `bind`, until it does not accept one.
template <class Sink>
Bound bind_in_order(Sink& sink, Bind bind) {
  Bound bound;
  for (ToBind& next : bind.results) {
    if (bound.objected) {
      bound.left.push_back(std::move(next));
      continue;
    }
    auto binding = next.is_fault ? bind_fault(sink, next) : sink.bind(next.key, std::move(next.result), next.measures);
    if (!binding) {
      bound.objected = propagate(binding);
    } else if (Redo* redo = std::get_if<Redo>(&*binding)) {
      bound.objected = std::move(*redo);
    } else {
      bound.accepted.push_back(next.key);
      continue;
    }
    bound.objected_to = next.key;
  }
  return bound;
}
using StageAction = std::variant<Send, Open, NextJob, Interrupt, Bind, Finish, PublishOutput, Abandon, Leave>;

/// The stage's side of the protocol, for every kind: feeds jobs within the credit, hands results to be bound in order,
/// publishes when the master grants it. A source that waits for input keeps nobody waiting.
///
/// Pure: no socket, clock, thread or file (but for payloads, which are Blobs). The owner feeds it one input at a time and
/// carries out the actions in their order.
class StageSession {
 public:
  /// `identity`: what the stage's parent told it. `hello`: what this process says of itself. `scratch`: where large payloads
  /// may lie.
  StageSession(const v1::StageHello& identity, v1::Hello hello, std::string scratch);

  void on_message(Instant now, wire::Message message, std::vector<StageAction>& actions);
  void on_time(Instant now, std::vector<StageAction>& actions);
  /// The parent is gone, or a signal came: give the output up and leave.
  void stop(Instant now, const std::string& reason, std::vector<StageAction>& actions);

  void on_open(Instant now, Result<StagePlan> plan, std::vector<StageAction>& actions);
  void on_next_job(Instant now, Result<std::optional<JobOut>> job, std::vector<StageAction>& actions);
  void on_bind(Instant now, Bound bound, std::vector<StageAction>& actions);
  void on_finish(Instant now, Result<StageReport> report, std::vector<StageAction>& actions);
  void on_publish_output(Instant now, Status status, std::vector<StageAction>& actions);
  void on_abandon(Instant now, std::vector<StageAction>& actions);

  std::optional<Instant> next_deadline() const;

 private:
  /// A job that was fed and that the master is not known to have yet.
  struct Fed {
    JobOut job;
    std::uint64_t bytes_before = 0;  ///< Payload bytes of all jobs before it.
    std::uint32_t revision = 0;
    bool is_sent = false;  ///< Of one that is done again: the master has been asked.
  };
  /// A result that has arrived and waits to be bound.
  struct Arrived {
    std::uint32_t revision = 0;
    bool is_fault = false;
    Blob result;
    std::string measures;
  };

  void send(Instant now, v1::Envelope envelope, std::vector<Bytes> payloads, std::vector<StageAction>& actions);
  v1::Envelope envelope() const { return link_.envelope(); }
  /// A job's payload on its way to the master, and its result on the way back, bear the revision in place of an attempt.
  static Attempt revision_attempt(std::uint32_t revision) { return Attempt{0, revision}; }

  void on_welcome(Instant now, std::vector<StageAction>& actions);
  void on_feed_credit(const v1::FeedCredit& credit);
  void on_deliver(Instant now, const v1::Deliver& deliver, const std::vector<Bytes>& payloads,
                  std::vector<StageAction>& actions);
  /// `bytes`: of a result that came inlined.
  void on_delivery(Instant now, const v1::Delivery& delivery, Bytes bytes, std::vector<StageAction>& actions);
  void on_part(Instant now, const v1::Part& part, std::string_view bytes, std::vector<StageAction>& actions);

  void send_planned(Instant now, std::vector<StageAction>& actions);
  /// Sends fed jobs from feed_next_ on, one payload in parts at a time.
  void pump_feed(Instant now, std::vector<StageAction>& actions);
  void pump_parts(Instant now, std::vector<StageAction>& actions);
  void send_job(Instant now, Fed& fed, std::vector<StageAction>& actions);
  void send_redo(Instant now, Fed& again, std::vector<StageAction>& actions);
  void send_accept(Instant now, JobKey key, std::vector<StageAction>& actions);
  void send_publish(Instant now, std::vector<StageAction>& actions);
  void send_published(Instant now, std::vector<StageAction>& actions);
  void send_failed(Instant now, std::vector<StageAction>& actions);
  void say_goodbye_and_leave(Instant now, std::vector<StageAction>& actions);
  void on_redo(JobKey key, std::uint32_t result_revision, Redo redo);
  /// Starts the next calls of source and sink, where there is something to do.
  void work(Instant now, std::vector<StageAction>& actions);
  void work_source(std::vector<StageAction>& actions);
  void work_sink(Instant now, std::vector<StageAction>& actions);
  /// The results whose turn it is, up to what the sink is given at once.
  Bind take_arrived();
  void give_up(Instant now, const std::string& reason, std::vector<StageAction>& actions);
  void fail(Instant now, const Error& error, std::vector<StageAction>& actions);
  void leave(int exit_code, std::string reason, std::vector<StageAction>& actions);

  wire::PeerLink link_;
  RunId run_;
  std::uint32_t incarnation_;
  std::string scratch_;

  enum class Phase { kOpening, kWorking, kFinishing, kPublishing, kPublished, kGivenUp, kLeft };
  Phase phase_ = Phase::kOpening;
  bool opened_ = false;              ///< Open was asked for.
  std::uint64_t jobs_asked_ = 0;     ///< Of the source, and not answered.
  bool sink_busy_ = false;           ///< A call of the sink is under way.
  bool interrupted_ = false;         ///< Interrupt was asked for.
  bool is_stopped_ = false;          ///< stop() was called: not to wait for anybody.
  bool abandoned_ = false;           ///< The output was given up; what may be left is to say why.
  std::optional<Instant> leave_by_;  ///< It has been said; it leaves when that was heard, and at this time at the latest.
  std::optional<StagePlan> plan_;
  std::optional<Error> failure_;

  // Feeding.
  std::deque<Fed> fed_;          ///< From seq `received_` on.
  std::uint64_t received_ = 0;   ///< Jobs that the master has.
  std::uint64_t feed_next_ = 0;  ///< The seq that is to be sent next on this link.
  bool credit_heard_ = false;    ///< On this link: before, it is not known what the master has of `fed_`.
  std::uint64_t cut_ = 0;        ///< Jobs cut so far.
  std::uint64_t cut_bytes_ = 0;
  std::uint64_t largest_job_bytes_ = 0;
  std::uint64_t bytes_until_ = 0;
  std::uint64_t jobs_until_ = 0;
  bool cut_all_ = false;
  bool end_sent_ = false;
  std::optional<wire::Upload> upload_;  ///< The payload that travels as parts now.
  std::map<JobKey, Fed> redo_;          ///< Jobs asked for again whose new result has not come.

  // Binding.
  /// A result that comes as parts.
  struct Arriving {
    wire::Download progress;
    Arrived arrived;
  };
  std::map<JobKey, Arriving> arriving_;
  std::map<JobKey, Arrived> arrived_;
  std::map<JobKey, std::uint32_t> binding_;    ///< What the sink is given to bind now: the revisions of it.
  std::map<JobKey, std::uint32_t> revisions_;  ///< Of jobs that were asked for again.
  SeqSet bound_;                               ///< Jobs with sub 0 that are bound.
  bool any_order_ = false;                     ///< They are bound as they come.
  bool all_bound_ = false;
  bool granted_ = false;
  std::optional<StageReport> report_;
};

}  // namespace sheaf::stage
