#include "common/ops/parse.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "common/base/text.h"
#include "common/ops/check.h"
#include "common/ops/words.h"

namespace sheaf::ops {

namespace {

/// `key=value` as it was written, quotes taken off.
struct RawArgument {
  std::string key;
  std::string value;
  bool has_value = false;
};

class Reader {
 public:
  Reader(std::string_view text, std::string where, std::vector<Error>& errors)
      : text_(text), where_(std::move(where)), errors_(errors) {}

  /// Up to the first ':'.
  std::string read_name() {
    const std::size_t colon = text_.find(':');
    const std::string name(text_.substr(0, colon));
    position_ = colon == std::string_view::npos ? text_.size() : colon + 1;
    has_arguments_ = colon != std::string_view::npos;
    return name;
  }

  std::vector<RawArgument> read_arguments() {
    std::vector<RawArgument> arguments;
    if (!has_arguments_) return arguments;
    while (true) {
      RawArgument argument = read_argument();
      if (argument.key.empty()) {
        add("an argument without a name", "write NAME:key=value,key=value");
      } else {
        arguments.push_back(std::move(argument));
      }
      if (position_ >= text_.size()) return arguments;
      ++position_;  // The comma.
    }
  }

 private:
  void add(std::string what, std::string advice) {
    errors_.push_back({ErrorCode::kUsage, std::move(what), where_, std::move(advice)});
  }

  RawArgument read_argument() {
    RawArgument argument;
    while (position_ < text_.size() && text_[position_] != '=' && text_[position_] != ',') argument.key += text_[position_++];
    if (position_ >= text_.size() || text_[position_] == ',') return argument;
    argument.has_value = true;
    ++position_;
    if (position_ < text_.size() && text_[position_] == '"') {
      argument.value = read_quoted();
    } else {
      while (position_ < text_.size() && text_[position_] != ',') argument.value += text_[position_++];
      if (argument.value.find_first_of(":\"") != std::string::npos) {
        add("the value '" + argument.value + "' of " + argument.key + " contains : or \"", "put it in double quotes");
      }
    }
    return argument;
  }

  std::string read_quoted() {
    std::string value;
    for (++position_; position_ < text_.size() && text_[position_] != '"'; ++position_) {
      const bool escaped = text_[position_] == '\\' && position_ + 1 < text_.size() &&
                           (text_[position_ + 1] == '"' || text_[position_ + 1] == '\\');
      if (escaped) ++position_;
      value += text_[position_];
    }
    if (position_ >= text_.size()) {
      add("a double quote is not closed", "the shell may have eaten it: put the whole op in single quotes");
      return value;
    }
    ++position_;  // The closing quote.
    if (position_ < text_.size() && text_[position_] != ',') {
      add("something follows a closing quote", "separate arguments with a comma");
      position_ = std::min(text_.find(',', position_), text_.size());
    }
    return value;
  }

  std::string_view text_;
  std::string where_;
  std::vector<Error>& errors_;
  std::size_t position_ = 0;
  bool has_arguments_ = false;
};

template <class Number>
std::optional<Number> parse_number(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// False if `text` is not of that type.
bool set_value(const std::string& text, ArgumentType type, v1::OpArgument& argument) {
  switch (type) {
    case ArgumentType::kInteger: {
      const auto number = parse_number<std::int64_t>(text);
      if (number) argument.set_integer(*number);
      return number.has_value();
    }
    case ArgumentType::kNumber: {
      const auto number = parse_number<double>(text);
      if (number) argument.set_number(*number);
      return number.has_value();
    }
    case ArgumentType::kText: argument.set_text(text); return true;
    case ArgumentType::kFlag:
      if (text != "true" && text != "false") return false;
      argument.set_flag(text == "true");
      return true;
  }
  return false;
}

void set_value(const ArgumentValue& value, v1::OpArgument& argument) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) argument.set_integer(*integer);
  if (const auto* number = std::get_if<double>(&value)) argument.set_number(*number);
  if (const auto* text = std::get_if<std::string>(&value)) argument.set_text(*text);
  if (const auto* flag = std::get_if<bool>(&value)) argument.set_flag(*flag);
}

ArgumentValue value_of(const v1::OpArgument& argument) {
  switch (argument.value_case()) {
    case v1::OpArgument::kInteger: return argument.integer();
    case v1::OpArgument::kNumber: return argument.number();
    case v1::OpArgument::kFlag: return argument.flag();
    default: return argument.text();
  }
}

/// Puts the good ones of `raw` and the defaults into `call`, in the catalogue's order.
void fill(const OpSpec& spec, const std::vector<RawArgument>& raw, const std::string& where, v1::OpCall& call,
          std::vector<Error>& errors) {
  const auto add = [&](std::string what, std::string advice = {}) {
    errors.push_back({ErrorCode::kUsage, std::move(what), where, std::move(advice)});
  };
  std::set<std::string> seen;
  for (const RawArgument& argument : raw) {
    const bool known = std::any_of(spec.arguments.begin(), spec.arguments.end(),
                                   [&](const ArgumentSpec& candidate) { return candidate.key == argument.key; });
    if (!known) {
      add(spec.name + " has no argument '" + argument.key + "'", other_arguments(argument.key, spec));
    } else if (!seen.insert(argument.key).second) {
      add(argument.key + " is given twice");
    }
  }
  for (const ArgumentSpec& argument : spec.arguments) {
    const auto given = std::find_if(raw.begin(), raw.end(), [&](const RawArgument& one) { return one.key == argument.key; });
    v1::OpArgument* filled = call.add_arguments();
    filled->set_key(argument.key);
    if (given != raw.end()) {
      if (given->has_value && set_value(given->value, argument.type, *filled)) continue;
      add(given->has_value ? argument.key + " is '" + given->value + "', but must be " + a_type(argument.type)
                           : argument.key + " has no value",
          "write " + spec.name + ":" + argument.key + "=...");
    } else if (!argument.default_value) {
      add(spec.name + " needs the argument " + argument.key);
    }
    // Something good in the place of what was reported, so that the checks that follow report only other faults.
    set_value(argument.default_value.value_or(ArgumentValue(argument.min)), *filled);
  }
}

}  // namespace

tl::expected<v1::OpCall, std::vector<Error>> parse_op(std::string_view text) {
  std::vector<Error> errors;
  const std::string where = "--op " + std::string(text);
  Reader reader(text, where, errors);
  v1::OpCall call;
  call.set_name(reader.read_name());
  const std::vector<RawArgument> raw = reader.read_arguments();
  if (call.name().empty()) {
    errors.insert(errors.begin(), {ErrorCode::kUsage, "an op without a name", where, "there are " + join(op_names())});
    return tl::unexpected(std::move(errors));
  }
  if (const OpSpec* spec = find_op(call.name())) fill(*spec, raw, where, call, errors);
  for (Error& error : check_arguments(call, where)) errors.push_back(std::move(error));
  // Only now: a default in the place of a faulty argument says nothing about how it goes with the others.
  if (errors.empty()) errors = check_together(call, where);
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return call;
}

tl::expected<std::vector<v1::OpCall>, std::vector<Error>> parse_ops(const std::vector<std::string>& texts) {
  std::vector<v1::OpCall> calls;
  std::vector<Error> errors;
  for (const std::string& text : texts) {
    auto call = parse_op(text);
    if (call) {
      calls.push_back(std::move(*call));
    } else {
      errors.insert(errors.end(), call.error().begin(), call.error().end());
    }
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return calls;
}

std::string format_call(const v1::OpCall& call) {
  std::string text = call.name();
  char separator = ':';
  for (const v1::OpArgument& argument : call.arguments()) {
    text += separator + argument.key() + "=";
    separator = ',';
    const std::string value = to_text(value_of(argument));
    if (value.find_first_of(",:\"\\") == std::string::npos) {
      text += value;
      continue;
    }
    text += '"';
    for (const char c : value) text += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    text += '"';
  }
  return text;
}

}  // namespace sheaf::ops
