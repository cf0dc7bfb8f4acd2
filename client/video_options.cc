#include "client/video_options.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/cli/endpoint_setting.h"
#include "common/ops/parse.h"
#include "common/wire/limits.h"

namespace sheaf::client {

namespace {

constexpr Duration kDefaultWait = std::chrono::seconds(5);

constexpr long long kChunkFramesMax = 1'000'000;
constexpr long long kThreadsMax = 256;
constexpr long long kAttemptsMax = 100;
constexpr double kCrfMax = 63;  // Of the encoders that have one; each stage knows its own.
constexpr char kDefaultCodec[] = "libx264";

const std::vector<cli::Setting>& video_settings() {
  using Form = cli::Setting::Form;
  static const std::vector<cli::Setting> settings = {
      {"output", Form::kValue, 'o', true},
      {"op", Form::kList},
      {"codec"},
      {"crf"},
      {"preset"},
      {"chunk"},
      {"workers"},
      {"threads"},
      {"master"},
      {"join"},
      {"wait"},
      {"stage"},
      {"priority"},
      {"attempts"},
      {"insecure", Form::kFlag},
      {"overwrite", Form::kFlag},
      {"quiet", Form::kFlag},
      {"json", Form::kFlag},
  };
  return settings;
}

void add(std::vector<Error>& errors, std::string where, std::string what, std::string advice = {}) {
  errors.push_back(Error{ErrorCode::kUsage, std::move(what), std::move(where), std::move(advice)});
}

/// An encoder's or preset's name: what a shell or a log can carry without quotes.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

/// True when there may be such a file.
bool check_path(const std::string& path, const std::string& where, const std::string& direction, std::vector<Error>& errors) {
  const std::size_t before = errors.size();
  if (path == "-") {
    add(errors, where, "\"-\": sheaf video " + direction + " files only", "name a file (./- for one of that name)");
  } else if (path.empty()) {
    add(errors, where, "is empty", "name a file");
  } else if (valid_utf8(path) != path) {
    add(errors, where, "the path is not UTF-8", "rename it, or reach it by a link with another name");
  } else if (path.size() > wire::kTextBytesMax) {
    add(errors, where, "the path is longer than " + std::to_string(wire::kTextBytesMax) + " bytes");
  }
  return errors.size() == before;
}

void read_paths(const cli::GivenSettings& given, const Surroundings& surroundings, VideoOptions& options,
                std::vector<Error>& errors) {
  const std::vector<std::string>& positionals = given.positionals;
  bool has_input = false;
  bool has_output = false;
  if (!positionals.empty()) {
    options.input = positionals.front();
    options.request.set_input(absolute_path(surroundings.directory, options.input));
    has_input = check_path(options.input, "INPUT", "reads", errors);
  } else if (!given.has_unknown_options) {
    add(errors, "INPUT", "is missing", "sheaf video INPUT -o OUTPUT");
  }
  // With an unknown option these may be its values: reporting both would be one fault too many.
  for (std::size_t i = 1; i < positionals.size() && !given.has_unknown_options; ++i) {
    add(errors, positionals[i], "there is an input already (" + positionals.front() + ")", "give one input, and -o OUTPUT");
  }
  if (const auto output = given.text("output")) {
    options.output = *output;
    options.request.set_output(absolute_path(surroundings.directory, *output));
    has_output = check_path(*output, "-o", "writes", errors);
  } else {
    const bool has_no_value = std::any_of(errors.begin(), errors.end(), [](const Error& error) {
      return (error.where == "--output" || error.where == "-o") && error.what == "needs a value";
    });
    if (!has_no_value) add(errors, "-o", "is missing", "sheaf video INPUT -o OUTPUT");
  }
  options.are_paths_certain = has_input && has_output && positionals.size() == 1 && !given.has_unknown_options;
}

void read_encoding(const cli::GivenSettings& given, VideoOptions& options, std::vector<Error>& errors) {
  if (const cli::Given* list = given.find("op")) {
    auto ops = ops::parse_ops(list->values);
    if (ops) {
      for (v1::OpCall& op : *ops) *options.request.add_ops() = std::move(op);
    } else {
      errors.insert(errors.end(), ops.error().begin(), ops.error().end());
    }
  }
  const std::string codec = given.text("codec").value_or(kDefaultCodec);
  if (is_word(codec)) {
    options.request.set_codec(codec);
  } else {
    add(errors, given.find("codec")->where, "\"" + codec + "\" is no encoder's name", "for instance libx264, libx265 or ffv1");
  }
  if (const auto crf = given.number("crf", 0, kCrfMax, errors)) options.request.set_crf(*crf);
  if (const auto preset = given.text("preset")) {
    if (is_word(*preset)) {
      options.request.set_preset(*preset);
    } else {
      add(errors, given.find("preset")->where, "\"" + *preset + "\" is no preset's name", "for instance fast, medium or slow");
    }
  }
  if (const auto chunk = given.integer("chunk", 1, kChunkFramesMax, errors)) {
    options.request.set_chunk_frames(static_cast<std::uint32_t>(*chunk));
  }
  options.request.set_overwrite(given.is_set("overwrite"));
}

void read_master(const cli::GivenSettings& given, VideoOptions& options, std::vector<Error>& errors) {
  options.master = cli::master_setting(given, options.insecure, cli::kSubmitters, errors);
  options.wait_for_master = given.duration("wait", errors).value_or(kDefaultWait);
  const cli::Given* master = cli::find_master(given);
  const bool has_keys = master != nullptr && master == given.find("join");
  options.stage_at_client =
      given.choice("stage", {"master", "client"}, errors).value_or(has_keys ? "client" : "master") == "client";
  if (has_keys && !options.stage_at_client) {
    add(errors, given.find("stage")->where, "a master with keys opens no files", "leave it out: the client cuts and binds");
  }
  if (master == nullptr) return;
  // Nobody knows which one: the files may lie on its machine.
  if (!options.master && !options.stage_at_client) options.are_paths_certain = false;
  for (const char* name : {"workers", "threads"}) {
    const cli::Given* size = given.find(name);
    // In the environment or in the file it is the size of private clusters, which this run simply is not.
    if (size != nullptr && size->on_command_line) {
      add(errors, size->where, "goes with a private cluster, but there is a master (" + master->where + ")",
          "give it to sheaf-worker, or leave the master out");
    }
  }
}

}  // namespace

VideoOptions read_video_options(std::vector<std::string> arguments, const Surroundings& surroundings,
                                std::vector<Error>& errors) {
  const cli::GivenSettings given =
      cli::read_settings({"sheaf video", "video"}, video_settings(), std::move(arguments), surroundings.environment, errors);
  VideoOptions options;
  options.help = given.help;
  options.quiet = given.is_set("quiet");
  options.json = given.is_set("json");
  options.insecure = given.is_set("insecure");

  read_paths(given, surroundings, options, errors);
  read_encoding(given, options, errors);
  read_master(given, options, errors);

  options.executors = static_cast<unsigned>(
      given.integer("workers", 1, wire::kSlotsMax, errors).value_or(std::min<long long>(surroundings.cores, wire::kSlotsMax)));
  options.threads = static_cast<unsigned>(given.integer("threads", 1, kThreadsMax, errors).value_or(1));
  if (std::uint64_t{options.executors} * options.threads > wire::kSlotsMax) {
    add(errors, "--workers", "times --threads is more than " + std::to_string(wire::kSlotsMax) + " slots");
  }
  options.priority = static_cast<int>(given.integer("priority", -100, 100, errors).value_or(0));
  options.attempts_max = static_cast<unsigned>(given.integer("attempts", 1, kAttemptsMax, errors).value_or(3));
  if (options.request.ByteSizeLong() > wire::kSetupBytesMax) {
    add(errors, "--op", "all ops together take more than " + std::to_string(wire::kSetupBytesMax) + " bytes");
  }
  return options;
}

std::string video_help() {
  return R"(sheaf video INPUT -o OUTPUT [options]     one video, many workers, one video

  -o, --output FILE    the video to write; its ending chooses the container
  --op NAME[:k=v,...]  what is done to each frame, in order (see `sheaf ops`)
  --codec NAME         libx264 (default), libx265, ffv1, ...
  --crf N, --preset P  quality and effort; default: the encoder's own
  --chunk FRAMES       frames a job at most; default: cut where it is cheap
  --workers P          processes of a private cluster; default: one per core
  --threads T          frames that each of them works on at once; default 1
  --master ENDPOINT    ipc://... or tcp://...; --join FILE  a master with keys
  --wait D             how long to wait for that master to start; default 5s
  --stage WHERE        cut and bind at the `master`, or (with --join) `client`
  --priority N         -100..100, higher first; --attempts N  tries a job (3)
  --insecure           allow TCP without keys; --overwrite  replace OUTPUT
  --quiet              no progress, no summary; --json  one object on stdout
  --config FILE        TOML with the same names; SHEAF_CHUNK=... names them too

  sheaf video in.mp4 -o out.mp4 --op blur:sigma=8
  sheaf video in.mkv -o out.mkv --op resize:width=1280 --op gray --codec libx265
  sheaf video in.mp4 -o out.mkv --codec ffv1 --workers 4 --json > summary.json
)";
}

}  // namespace sheaf::client
