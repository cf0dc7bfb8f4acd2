#include "client/run_description.h"

#include <string>

namespace sheaf::client {

v1::RunDescription describe_run(const Kind& kind) {
  v1::RunDescription run;
  run.set_kind(std::string(kind.name));
  run.set_deterministic(kind.deterministic);
  run.set_second_attempt(kind.second_attempt);
  run.set_divisible(kind.divisible);
  run.set_bind_fingerprint(kind.binds_fingerprint);
  run.set_stage_program(std::string(kind.stage_program));
  return run;
}

}  // namespace sheaf::client
