#include "client/ops_command.h"

#include <nlohmann/json.hpp>

#include "client/summary.h"
#include "common/base/exit_code.h"
#include "common/base/text.h"
#include "common/cli/error_lines.h"
#include "common/cli/settings.h"
#include "common/cli/standard_output.h"
#include "common/ops/help.h"

namespace sheaf::client {

namespace {

constexpr char kHelp[] = R"(sheaf ops [NAME] [--json]     what can be done to frames

  NAME       all about this op; default: every op with its arguments
  --json     the catalogue as one JSON object

  sheaf ops
  sheaf ops blur
  sheaf ops --json | jq '.ops[].name'
)";

const ops::OpSpec* find_named_op(const std::string& name, std::vector<Error>& errors) {
  const ops::OpSpec* op = ops::find_op(name);
  if (op != nullptr) return op;
  std::vector<std::string> names;
  for (const ops::OpSpec& one : ops::catalogue()) names.push_back(one.name);
  errors.push_back(Error{ErrorCode::kUsage, "is no op", name, did_you_mean(name, names, "see `sheaf ops`")});
  return nullptr;
}

/// The catalogue's JSON, or the part of it that is about `op`.
std::string as_json(const ops::OpSpec* op) {
  if (op == nullptr) return ops::catalogue_json() + "\n";
  auto json = nlohmann::ordered_json::parse(ops::catalogue_json());
  auto& all = json["ops"];
  for (std::size_t i = all.size(); i-- > 0;) {
    if (all[i]["name"] != op->name) all.erase(i);
  }
  return json.dump() + "\n";
}

}  // namespace

int run_ops_command(const std::vector<std::string>& arguments) {
  std::vector<Error> errors;
  const cli::Environment nothing = [](const std::string&) { return std::optional<std::string>(); };
  const cli::GivenSettings given =
      cli::read_settings({"sheaf ops", "ops"}, {{"json", cli::Setting::Form::kFlag, 0, true}}, arguments, nothing, errors);
  if (given.help) return cli::write_standard_output(kHelp);

  for (std::size_t i = 1; i < given.positionals.size(); ++i) {
    errors.push_back(Error{ErrorCode::kUsage, "there is an op already (" + given.positionals.front() + ")",
                           given.positionals[i], "name one op, or none for all"});
  }
  const ops::OpSpec* op = given.positionals.empty() ? nullptr : find_named_op(given.positionals.front(), errors);
  if (!errors.empty()) {
    cli::write_standard_error(cli::error_lines("sheaf ops", errors));
    if (given.is_set("json")) cli::write_standard_output(failure_json("ops", errors, exit_code(errors)));
    return exit_code(errors);
  }
  if (given.is_set("json")) return cli::write_standard_output(as_json(op));
  return cli::write_standard_output(op == nullptr ? ops::format_catalogue() : ops::format_op(*op));
}

}  // namespace sheaf::client
