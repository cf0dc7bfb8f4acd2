#include "master/io/stage_children.h"

#include <unistd.h>

#include <csignal>
#include <span>

#include "common/runtime/child.h"
#include "common/runtime/files.h"
#include "common/runtime/lifeline.h"
#include "common/runtime/log.h"
#include "common/wire/stage_setup.h"

namespace sheaf::master {

namespace {

constexpr Duration kKilledMax = std::chrono::seconds(1);

}  // namespace

StageChildren::~StageChildren() {
  // Without its lifeline a stage gives its output up and leaves.
  for (auto& [pid, child] : children_) child.lifeline.reset();
  const auto note = [this] { reap(); };
  if (wait_for_all_children(signals_, leave_max_, WhenSignalled::kGoOn, note)) return;
  for (auto& [pid, child] : children_) {
    log_warn("stage_killed", {{"run", child.run.value}, {"process", pid}});
    ::kill(pid, SIGKILL);
  }
  // One that waits for a disk that does not answer dies when it does; nobody else has to wait for that.
  wait_for_all_children(signals_, kKilledMax, WhenSignalled::kGoOn, note);
}

Status StageChildren::start(RunId run, const std::string& program, const std::string& token, std::uint32_t incarnation) {
  const std::string path = program_directory() + "/" + program;
  if (::access(path.c_str(), X_OK) != 0) {
    return fail(ErrorCode::kUsage, "this master has no program that cuts and binds such a run", path,
                "install the same version of sheaf beside the master, or use --stage client");
  }
  auto pipe = make_pipe();
  if (!pipe) return propagate(pipe);
  v1::StageSetup setup;
  setup.set_endpoint(endpoint_);
  setup.set_run(run.value);
  setup.set_token(token);
  setup.set_incarnation(incarnation);
  if (Status written = wire::write_stage_setup(pipe->write.get(), setup); !written) return written;

  ChildRequest request;
  request.program = path;
  request.descriptors = {pipe->read.get()};
  static_assert(kLifelineFd == 3, "the first passed descriptor is the lifeline");
  const auto pid = start_child(request);
  if (!pid) return tl::unexpected(pid.error());
  children_.emplace(*pid, Child{run, std::move(pipe->write)});
  return {};
}

void StageChildren::stop(RunId run) {
  for (auto& [pid, child] : children_) {
    if (child.run == run) ::kill(pid, SIGKILL);
  }
}

std::vector<StageChildren::Exit> StageChildren::reap() {
  std::vector<Exit> exits;
  for (auto child = children_.begin(); child != children_.end();) {
    if (const auto exit = poll_child(child->first)) {
      exits.push_back({child->second.run, exit->text()});
      child = children_.erase(child);
    } else {
      ++child;
    }
  }
  return exits;
}

}  // namespace sheaf::master
