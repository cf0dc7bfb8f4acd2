#include "common/ops/check.h"

#include <algorithm>
#include <set>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/ops/words.h"

namespace sheaf::ops {

namespace {

using Value = v1::OpArgument;

const Value* find_argument(const v1::OpCall& call, std::string_view key) {
  const auto& arguments = call.arguments();
  const auto found =
      std::find_if(arguments.begin(), arguments.end(), [&](const Value& argument) { return argument.key() == key; });
  return found == arguments.end() ? nullptr : &*found;
}

bool has_type(const Value& value, ArgumentType type) {
  switch (type) {
    case ArgumentType::kInteger: return value.value_case() == Value::kInteger;
    case ArgumentType::kNumber: return value.value_case() == Value::kNumber;
    case ArgumentType::kText: return value.value_case() == Value::kText;
    case ArgumentType::kFlag: return value.value_case() == Value::kFlag;
  }
  SHEAF_CHECK(false);
}

void check_value(const Value& value, const ArgumentSpec& spec, const std::string& where, std::vector<Error>& errors) {
  const auto add = [&](std::string what, std::string advice = {}) {
    errors.push_back({ErrorCode::kUsage, std::move(what), where, std::move(advice)});
  };
  if (!has_type(value, spec.type)) {
    add(spec.key + " must be " + a_type(spec.type));
    return;
  }
  if (spec.type == ArgumentType::kInteger || spec.type == ArgumentType::kNumber) {
    const double number = spec.type == ArgumentType::kInteger ? static_cast<double>(value.integer()) : value.number();
    // Written so that a NaN fails, too.
    if (!(number >= spec.min && number <= spec.max)) {
      const ArgumentValue given = spec.type == ArgumentType::kInteger ? ArgumentValue(value.integer()) : ArgumentValue(number);
      add(spec.key + " is " + to_text(given) + ", but must lie between " + to_text(spec.min) + " and " + to_text(spec.max) +
          (spec.unit.empty() ? "" : " " + spec.unit));
    }
  } else if (spec.type == ArgumentType::kText && !spec.choices.empty() &&
             std::find(spec.choices.begin(), spec.choices.end(), value.text()) == spec.choices.end()) {
    add(spec.key + " cannot be '" + value.text() + "'; it is one of " + join(spec.choices),
        did_you_mean(value.text(), spec.choices));
  }
}

}  // namespace

std::vector<Error> check_arguments(const v1::OpCall& call, const std::string& where) {
  std::vector<Error> errors;
  const auto add = [&](std::string what, std::string advice = {}) {
    errors.push_back({ErrorCode::kUsage, std::move(what), where, std::move(advice)});
  };
  const OpSpec* spec = find_op(call.name());
  if (spec == nullptr) {
    add("there is no op '" + call.name() + "'", did_you_mean(call.name(), op_names(), "see `sheaf ops`"));
    return errors;
  }
  if (spec->need != Need::kStateless || spec->gives != Gives::kFrames) {
    add("the op " + call.name() + " (" + need_name(spec->need) + ", gives " + gives_name(spec->gives) + ") cannot run yet");
  }
  std::set<std::string> seen;
  for (const Value& argument : call.arguments()) {
    const auto known = std::find_if(spec->arguments.begin(), spec->arguments.end(),
                                    [&](const ArgumentSpec& candidate) { return candidate.key == argument.key(); });
    if (known == spec->arguments.end()) {
      add(call.name() + " has no argument '" + argument.key() + "'", other_arguments(argument.key(), *spec));
    } else if (!seen.insert(argument.key()).second) {
      add(argument.key() + " is given twice");
    } else {
      check_value(argument, *known, where, errors);
    }
  }
  for (const ArgumentSpec& argument : spec->arguments) {
    if (!seen.contains(argument.key)) add(call.name() + " needs the argument " + argument.key);
  }
  return errors;
}

std::vector<Error> check_together(const v1::OpCall& call, const std::string& where) {
  const OpSpec* spec = find_op(call.name());
  SHEAF_CHECK(spec != nullptr);
  std::vector<Error> errors;
  if (spec->rule == nullptr) return errors;
  if (std::optional<Error> error = spec->rule(call)) {
    error->where = where;
    errors.push_back(std::move(*error));
  }
  return errors;
}

std::vector<Error> check_call(const v1::OpCall& call, const std::string& where) {
  std::vector<Error> errors = check_arguments(call, where);
  return errors.empty() ? check_together(call, where) : errors;
}

std::int64_t integer_argument(const v1::OpCall& call, std::string_view key) {
  const Value* argument = find_argument(call, key);
  SHEAF_CHECK(argument != nullptr && argument->has_integer());
  return argument->integer();
}

double number_argument(const v1::OpCall& call, std::string_view key) {
  const Value* argument = find_argument(call, key);
  SHEAF_CHECK(argument != nullptr && argument->has_number());
  return argument->number();
}

const std::string& text_argument(const v1::OpCall& call, std::string_view key) {
  const Value* argument = find_argument(call, key);
  SHEAF_CHECK(argument != nullptr && argument->has_text());
  return argument->text();
}

}  // namespace sheaf::ops
