#include "common/kinds/kinds.h"

#include <algorithm>

namespace sheaf {

namespace {

constexpr Kind kKinds[] = {
    // Encoders differ between versions; pixels must not differ with the machine that made them.
    {.name = "video",
     .deterministic = true,
     .second_attempt = true,
     .divisible = false,
     .binds_fingerprint = true,
     .stage_program = "sheaf-stage-video",
     .executor_program = "sheaf-executor-video"},
    // What a command does besides writing its output, nobody knows: it must not run in two copies.
    {.name = "command", .runs_commands = true, .stage_program = "sheaf-stage-command", .executor_program = "sheaf-executor"},
};

}  // namespace

std::span<const Kind> all_kinds() {
  return kKinds;
}

const Kind* find_kind(std::string_view name) {
  const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& each) { return each.name == name; });
  return kind == std::end(kKinds) ? nullptr : &*kind;
}

}  // namespace sheaf
