#include "common/ops/help.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/text.h"
#include "common/ops/words.h"

namespace sheaf::ops {

namespace {

constexpr std::size_t kLineMax = 100;  // Characters.

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

/// `text` broken at spaces into lines that begin with `indent`.
std::string wrapped(const std::string& text, const std::string& indent) {
  std::string result;
  std::string line = indent;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (line.size() > indent.size() && line.size() + 1 + word.size() > kLineMax) {
      result += line + "\n";
      line = indent;
    }
    line += (line.size() > indent.size() ? " " : "") + word;
    begin = end + 1;
  }
  return result + line + "\n";
}

bool is_numeric(const ArgumentSpec& argument) {
  return argument.type == ArgumentType::kInteger || argument.type == ArgumentType::kNumber;
}

std::string range_text(const ArgumentSpec& argument) {
  if (!argument.choices.empty()) {
    std::string text;
    for (const std::string& choice : argument.choices) text += (text.empty() ? "" : "|") + choice;
    return text;
  }
  return is_numeric(argument) ? to_text(argument.min) + ".." + to_text(argument.max) : argument_type_name(argument.type);
}

std::string argument_line(const ArgumentSpec& argument, std::size_t key_width) {
  std::string text = "    " + padded(argument.key, key_width) + "  " + argument.summary + " (" + range_text(argument);
  if (!argument.unit.empty()) text += " " + argument.unit;
  text += argument.default_value ? ", default " + to_text(*argument.default_value) : ", must be given";
  return text + ")\n";
}

std::string argument_lines(const OpSpec& op) {
  std::size_t key_width = 0;
  for (const ArgumentSpec& argument : op.arguments) key_width = std::max(key_width, argument.key.size());
  std::string text;
  for (const ArgumentSpec& argument : op.arguments) text += argument_line(argument, key_width);
  return text;
}

std::string needs_text(const OpSpec& op) {
  std::string text = need_name(op.need);
  if (op.before > 0) text += ", " + std::to_string(op.before) + " frames before";
  if (op.after > 0) text += ", " + std::to_string(op.after) + " frames after";
  return text;
}

nlohmann::ordered_json json_of(const ArgumentValue& value) {
  return std::visit([](const auto& one) { return nlohmann::ordered_json(one); }, value);
}

nlohmann::ordered_json json_of(const ArgumentSpec& argument) {
  nlohmann::ordered_json json = {
      {"key", argument.key}, {"type", argument_type_name(argument.type)}, {"summary", argument.summary}};
  if (!argument.unit.empty()) json["unit"] = argument.unit;
  if (is_numeric(argument)) {
    json["min"] = argument.min;
    json["max"] = argument.max;
  }
  if (!argument.choices.empty()) json["choices"] = argument.choices;
  json["default"] = argument.default_value ? json_of(*argument.default_value) : nlohmann::ordered_json(nullptr);
  return json;
}

nlohmann::ordered_json json_of(const OpSpec& op) {
  auto arguments = nlohmann::ordered_json::array();
  for (const ArgumentSpec& argument : op.arguments) arguments.push_back(json_of(argument));
  return {{"name", op.name},
          {"summary", op.summary},
          {"details", op.details},
          {"arguments", std::move(arguments)},
          {"needs", need_name(op.need)},
          {"frames_before", op.before},
          {"frames_after", op.after},
          {"gives", gives_name(op.gives)},
          {"bits", op.depths},
          {"pixel_formats", op.formats},
          {"depends_on_processor", op.depends_on_processor},
          {"shared_data", op.shared_data},
          {"version", op.version}};
}

}  // namespace

std::string format_catalogue() {
  std::size_t name_width = 0;
  for (const OpSpec& op : catalogue()) name_width = std::max(name_width, op.name.size());
  std::string text = "Ops, for --op NAME[:key=value,...]; a value with , or : stands in double quotes.\n\n";
  for (const OpSpec& op : catalogue()) {
    text += padded(op.name, name_width) + "  " + op.summary + " [" + needs_text(op) + "; gives " + gives_name(op.gives) + "]\n";
    text += argument_lines(op);
  }
  text += "\n`sheaf ops NAME` says exactly what an op does.\n";
  return text;
}

std::string format_op(const OpSpec& op) {
  std::string text = op.name + ": " + op.summary + "\n" + wrapped(op.details, "  ");
  text += "  arguments:" + std::string(op.arguments.empty() ? " none" : "") + "\n" + argument_lines(op);
  text += "  needs: " + needs_text(op) + "\n";
  text += std::string("  gives: ") + gives_name(op.gives) + "\n";
  std::string bits;
  for (const int depth : op.depths) bits += (bits.empty() ? "" : ", ") + std::to_string(depth);
  text += "  bits a sample: " + bits + "\n";
  text += "  pixel formats:\n" + wrapped(join(op.formats), "    ");
  text += std::string("  result depends on the processor: ") + (op.depends_on_processor ? "yes" : "no") + "\n";
  if (!op.shared_data.empty()) text += "  loads once per process: " + op.shared_data + "\n";
  return text;
}

std::string catalogue_json() {
  auto ops = nlohmann::ordered_json::array();
  for (const OpSpec& op : catalogue()) ops.push_back(json_of(op));
  const nlohmann::ordered_json json = {{"schema", 1}, {"ops", std::move(ops)}};
  return json.dump();
}

}  // namespace sheaf::ops
