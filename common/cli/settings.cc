#include "common/cli/settings.h"

#include <CLI/CLI.hpp>  // Here and nowhere else: it is a large header.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "common/base/text.h"
#include "common/runtime/toml.h"

namespace sheaf::cli {

namespace {

constexpr char kConfig[] = "config";

Error usage(std::string where, std::string what, std::string advice = {}) {
  return Error{ErrorCode::kUsage, std::move(what), std::move(where), std::move(advice)};
}

std::string option_text(const Setting& setting) {
  return "--" + setting.name;
}

std::string environment_name(const Setting& setting) {
  std::string name = "SHEAF_" + setting.name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return name;
}

bool in_all_layers(const Setting& setting) {
  return !setting.command_line_only && !setting.is_internal;
}

/// "true" or "false", however it was written; empty when it is neither.
std::optional<bool> truth(const std::string& text) {
  static const std::vector<std::string> yes = {"true", "1", "yes", "on", ""};
  static const std::vector<std::string> no = {"false", "0", "no", "off"};
  if (std::find(yes.begin(), yes.end(), text) != yes.end()) return true;
  if (std::find(no.begin(), no.end(), text) != no.end()) return false;
  return std::nullopt;
}

/// Puts `given` in, unless a stronger layer has said something. A flag that is set to false counts as said, and is not there.
class Layers {
 public:
  Layers(GivenSettings& out, std::vector<Error>& errors) : out_(out), errors_(errors) {}

  void add(const Setting& setting, Given given) {
    if (given.values.empty() || std::find(said_.begin(), said_.end(), setting.name) != said_.end()) return;
    said_.push_back(setting.name);
    if (setting.form == Setting::Form::kFlag) {
      const std::optional<bool> on = truth(given.values.back());
      if (!on) errors_.push_back(usage(given.where, "\"" + given.values.back() + "\" is neither true nor false"));
      if (!on || !*on) return;
    }
    if (setting.form == Setting::Form::kValue && given.values.size() > 1) {
      errors_.push_back(usage(given.where, "is given twice"));
    }
    out_.by_name[setting.name] = std::move(given);
  }

 private:
  GivenSettings& out_;
  std::vector<Error>& errors_;
  std::vector<std::string> said_;
};

/// CLI11 splits the arguments; what they mean is checked here, because it stops at the first fault and sheaf reports all of
/// them.
class ArgumentParser {
 public:
  ArgumentParser(const std::vector<Setting>& settings, bool ends_at_positional)
      : settings_(settings), ends_at_positional_(ends_at_positional) {
    app_.set_help_flag();
    app_.allow_extras();
    app_.prefix_command(ends_at_positional);
    help_ = app_.add_flag("-h,--help");
    for (const Setting& setting : settings) {
      const std::string names =
          setting.letter == 0 ? option_text(setting) : std::string("-") + setting.letter + "," + option_text(setting);
      CLI::Option* option = setting.form == Setting::Form::kFlag ? app_.add_flag(names) : app_.add_option(names);
      if (setting.form != Setting::Form::kFlag) option->type_size(1)->expected(1);
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      options_.push_back(option);
    }
  }

  void parse(std::vector<std::string> arguments, GivenSettings& out, Layers& layers, std::vector<Error>& errors) {
    // The only way in which CLI11 itself can refuse: an option at the very end without its value.
    for (bool done = false; !done;) {
      try {
        app_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
        done = true;
      } catch (const CLI::ParseError&) {
        if (arguments.empty()) return;
        errors.push_back(usage(arguments.back(), "needs a value"));
        arguments.pop_back();
      }
    }
    out.help = help_->count() > 0;
    collect_options(layers, errors);
    collect_extras(out, errors);
  }

 private:
  void collect_options(Layers& layers, std::vector<Error>& errors) {
    for (std::size_t i = 0; i < settings_.size(); ++i) {
      Given given{options_[i]->results(), option_text(settings_[i]), true};
      if (settings_[i].form != Setting::Form::kFlag) {
        // The next option was taken for the value: `-o --overwrite`.
        const auto swallowed = [](const std::string& value) { return value.starts_with("--"); };
        if (std::any_of(given.values.begin(), given.values.end(), swallowed))
          errors.push_back(usage(given.where, "needs a value"));
        std::erase_if(given.values, swallowed);
      }
      layers.add(settings_[i], std::move(given));
    }
  }

  void collect_extras(GivenSettings& out, std::vector<Error>& errors) {
    std::vector<std::string> known = {"--help"};
    for (const Setting& setting : settings_) {
      if (!setting.is_internal) known.push_back(option_text(setting));
    }
    bool options_are_over = false;
    for (const std::string& extra : app_.remaining()) {
      if (extra == "--" && !options_are_over) {
        options_are_over = true;
      } else if (extra.size() > 1 && extra[0] == '-' && !options_are_over) {
        out.has_unknown_options = true;
        errors.push_back(usage(extra, "is no option", did_you_mean(extra.substr(0, extra.find('=')), known, "see --help")));
      } else {
        out.positionals.push_back(extra);
        options_are_over = options_are_over || ends_at_positional_;
      }
    }
  }

  const std::vector<Setting>& settings_;
  const bool ends_at_positional_;
  CLI::App app_;
  CLI::Option* help_ = nullptr;
  std::vector<CLI::Option*> options_;
};

void read_file(const std::string& path, const Command& command, const std::vector<Setting>& settings, Layers& layers,
               std::vector<Error>& errors) {
  const auto items = read_toml_file(path);
  if (!items) {
    Error error = items.error();
    if (error.where == path) error.advice = "--config names a TOML file";
    errors.push_back(std::move(error));
    return;
  }
  std::vector<std::string> keys;
  for (const Setting& setting : settings) {
    if (in_all_layers(setting)) keys.push_back(setting.name);
  }
  for (const TomlItem& item : *items) {
    const bool for_all = item.tables.empty();
    if (!for_all && item.tables != std::vector<std::string>{command.section}) continue;  // Another command's section.
    const std::string where = path + ": " + (for_all ? "" : command.section + ".") + item.key;
    const auto setting = std::find_if(settings.begin(), settings.end(),
                                      [&](const Setting& one) { return one.name == item.key && in_all_layers(one); });
    if (setting == settings.end()) {
      errors.push_back(
          usage(where, "is no setting of " + command.who, did_you_mean(item.key, keys, "there are " + join(keys, " and "))));
      continue;
    }
    layers.add(*setting, Given{item.values, where, false});
  }
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

const Given* GivenSettings::find(const std::string& name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : &found->second;
}

std::optional<std::string> GivenSettings::text(const std::string& name) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  return given->values.front();
}

std::optional<long long> GivenSettings::integer(const std::string& name, long long min, long long max,
                                                std::vector<Error>& errors) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  const std::string& value = given->values.front();
  long long number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size() && number >= min && number <= max) return number;
  errors.push_back(
      usage(given->where, "\"" + value + "\" is no whole number from " + std::to_string(min) + " to " + std::to_string(max)));
  return std::nullopt;
}

std::optional<Duration> GivenSettings::duration(const std::string& name, std::vector<Error>& errors) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  if (Result<Duration> duration = parse_duration(given->values.front()))
    return *duration;
  else
    errors.push_back(usage(given->where, duration.error().what, duration.error().advice));
  return std::nullopt;
}

std::optional<double> GivenSettings::number(const std::string& name, double min, double max, std::vector<Error>& errors) const {
  const Given* given = find(name);
  if (given == nullptr) return std::nullopt;
  const std::string& value = given->values.front();
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size() && number >= min && number <= max) return number;
  char range[80];
  std::snprintf(range, sizeof range, "%g to %g", min, max);
  errors.push_back(usage(given->where, "\"" + value + "\" is no number from " + range));
  return std::nullopt;
}

std::optional<std::string> GivenSettings::choice(const std::string& name, const std::vector<std::string>& choices,
                                                 std::vector<Error>& errors) const {
  const std::optional<std::string> value = text(name);
  if (!value || std::find(choices.begin(), choices.end(), *value) != choices.end()) return value;
  errors.push_back(
      usage(find(name)->where, "\"" + *value + "\" is neither " + join(choices, " nor "), did_you_mean(*value, choices)));
  return std::nullopt;
}

GivenSettings read_settings(const Command& command, const std::vector<Setting>& settings, std::vector<std::string> arguments,
                            const Environment& environment, std::vector<Error>& errors) {
  GivenSettings out;
  Layers layers(out, errors);
  std::vector<Setting> all = settings;
  all.push_back(Setting{kConfig, Setting::Form::kValue, 0, false});

  ArgumentParser(all, command.ends_at_positional).parse(std::move(arguments), out, layers, errors);
  const auto is_given_and_internal = [&](const Setting& setting) { return setting.is_internal && out.is_set(setting.name); };
  if (std::any_of(settings.begin(), settings.end(), is_given_and_internal)) return out;
  for (const Setting& setting : all) {
    if (!in_all_layers(setting)) continue;
    const std::string name = environment_name(setting);
    const std::optional<std::string> value = environment(name);
    // An empty variable is how a script says "none".
    if (value && !value->empty()) layers.add(setting, Given{{*value}, name, false});
  }
  if (const std::optional<std::string> path = out.text(kConfig)) read_file(*path, command, settings, layers, errors);
  return out;
}

void refuse_positionals(const Command& command, const GivenSettings& given, std::vector<Error>& errors) {
  if (given.has_unknown_options) return;
  for (const std::string& word : given.positionals) {
    errors.push_back(usage(word, "does not belong here", "see " + command.who + " --help"));
  }
}

}  // namespace sheaf::cli
