#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "master/core/actions.h"
#include "master/core/config.h"
#include "master/core/events.h"

/// Events and actions of the scheduler as lines of text, so that a scenario can be written and a trace can be read by a person.
namespace sheaf::scenario {

/// One line that begins with '@'.
struct TimedEvents {
  Instant at;
  std::vector<master::Event> events;  ///< More than one only for `job_fed ... count=N`.
};

/// "@5s worker_lost worker=1". The words are the names of the structs in snake case; a field that is left out keeps its
/// default. A job is "run/seq" or "run/seq.sub", an attempt "epoch/n", a digest a number, a text with blanks is "quoted".
/// Unknown words, unknown fields and bad values are errors (kUsage).
Result<TimedEvents> parse_event(std::string_view line);

/// "worker_silence_max=4s jobs_window=8", into `config`.
Status parse_config(std::string_view fields, master::SchedulerConfig& config);

/// "assign worker=2 job=1/0 attempt=1/3".
std::string to_text(const master::Action& action);

}  // namespace sheaf::scenario
