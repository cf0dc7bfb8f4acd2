#include "client/summary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "client/progress.h"
#include "common/base/text.h"

namespace sheaf::client {

namespace {

using Json = nlohmann::ordered_json;

/// Paths and messages may hold any bytes; JSON may not.
std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

double as_seconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-9;
}

double rounded(double value) {
  return std::round(value * 1e6) / 1e6;
}

Json errors_json(const std::vector<Error>& errors) {
  Json list = Json::array();
  for (const Error& error : errors) {
    list.push_back({{"code", error_code_name(error.code)}, {"what", error.what}, {"where", error.where}, {"do", error.advice}});
  }
  return list;
}

/// The kind's own part of the last update; empty when there is none.
v1::VideoReport report_of(const RunOutcome& outcome) {
  v1::VideoReport report;
  // Whatever the master sends: a report that cannot be read only costs the summary its details.
  if (!report.ParseFromString(outcome.update.report())) report.Clear();
  return report;
}

std::string plural(std::uint64_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

Json seconds_json(const v1::VideoReport& report, const RunOutcome& outcome) {
  const double wall = seconds(outcome.wall);
  std::map<std::string, double> parts = {{"decode", 0}, {"convert", 0}, {"encode", 0}};
  Json ops = Json::object();
  double busy = 0;
  for (const v1::PartTime& time : report.times()) {
    const double spent = as_seconds(time.nanoseconds());
    busy += spent;
    if (time.part().starts_with("ops/")) {
      ops[time.part().substr(4)] = rounded(spent);
    } else {
      parts[time.part()] += spent;
    }
  }
  const double wait = std::max(0.0, wall * outcome.update.slots() - busy);
  return {{"wall", rounded(wall)},
          {"cpu", rounded(as_seconds(report.cpu_nanoseconds()))},
          {"decode", rounded(parts["decode"])},
          {"convert", rounded(parts["convert"])},
          {"ops", std::move(ops)},
          {"encode", rounded(parts["encode"])},
          {"wait", rounded(wait)}};
}

const char* status_word(const RunOutcome& outcome) {
  if (outcome.is_done()) return "done";
  return outcome.signal != 0 ? "stopped" : "failed";
}

}  // namespace

std::string video_summary(const VideoOptions& options, const RunOutcome& outcome) {
  const v1::VideoReport report = report_of(outcome);
  const v1::RunUpdate& update = outcome.update;
  const std::string name = escape_control(options.output);
  const double rate = static_cast<double>(report.frames()) / std::max(1e-3, seconds(outcome.wall));

  std::string text = name + ": " + plural(report.frames(), "frame") + " in " + format_duration(outcome.wall) + " (" +
                     format_rate(rate) + " frames/s), " + plural(update.jobs_total(), "job") + " on " +
                     plural(update.slots(), "slot") + ", " + format_bytes(update.output_bytes()) + "\n";
  if (update.attempts_lost() > 0) {
    text += name + ": " + plural(update.attempts_lost(), "attempt") + " lost with a worker or its process, and done again\n";
  }
  if (update.attempts_repeated() > 0) {
    text += name + ": " + plural(update.attempts_repeated(), "attempt") + " repeated\n";
  }
  std::vector<std::string> notes(report.notes().begin(), report.notes().end());
  notes.insert(notes.end(), update.notes().begin(), update.notes().end());
  for (auto note = notes.begin(); note != notes.end(); ++note) {
    if (std::find(notes.begin(), note, *note) == note) text += name + ": " + escape_control(*note) + "\n";
  }
  return text;
}

std::string video_json(const VideoOptions& options, const RunOutcome& outcome, int exit_code) {
  const v1::VideoReport report = report_of(outcome);
  const v1::RunUpdate& update = outcome.update;
  const bool done = outcome.is_done();
  const auto known = [](bool is_known, std::uint64_t value) { return is_known ? Json(value) : Json(nullptr); };
  // Before the index has been read nobody knows how many frames there are.
  const bool has_input_frames = done || update.has_units_total();
  const std::uint64_t input_frames = done ? report.input_frames() : update.units_total();

  Json json;
  json["schema"] = 1;
  json["command"] = "video";
  json["run"] = outcome.run == 0 ? Json(nullptr) : Json(std::to_string(outcome.run));
  json["status"] = status_word(outcome);
  json["exit_code"] = exit_code;
  json["input"] = {{"path", options.request.input()}, {"frames", known(has_input_frames, input_frames)}};
  json["output"] = {{"path", options.request.output()},
                    {"frames", known(done, report.frames())},
                    {"bytes", known(done, update.output_bytes())}};
  json["attempts"] = {
      {"total", update.attempts_total()}, {"lost", update.attempts_lost()}, {"repeated", update.attempts_repeated()}};
  json["seconds"] = seconds_json(report, outcome);
  json["errors"] = errors_json(outcome.errors);
  return to_line(json);
}

std::string failure_json(const std::string& command, const std::vector<Error>& errors, int exit_code) {
  return to_line(
      {{"schema", 1}, {"command", command}, {"status", "failed"}, {"exit_code", exit_code}, {"errors", errors_json(errors)}});
}

}  // namespace sheaf::client
