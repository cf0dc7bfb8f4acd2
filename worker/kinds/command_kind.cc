#include "worker/kinds/command_kind.h"

#include <optional>
#include <utility>

#include "common/batch/command_template.h"
#include "common/runtime/private_directory.h"
#include "worker/kinds/command_result.h"
#include "worker/kinds/finished_command.h"

namespace sheaf::worker {

namespace {

class CommandRun final : public RunContext {
 public:
  CommandRun(v1::CommandSetup setup, CommandStart& spawner) : setup_(std::move(setup)), template_(setup_), spawner_(spawner) {}

  Result<JobOutput> run(const Blob& payload, const JobContext& context) override {
    v1::CommandJob job;
    auto bytes = payload.bytes();
    if (!bytes) return propagate(bytes);
    if (!job.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
      return fail(ErrorCode::kFailed, "malformed job of a command run");
    }
    const batch::Item item{job.number(), {job.values().begin(), job.values().end()}};
    v1::StartCommand start = request(item, context.slot);
    const std::string program = start.arguments(0);
    // Where nobody has said where: a place of its own, in which nothing is and nothing is left.
    std::optional<PrivateDirectory> own;
    if (start.directory().empty()) {
      auto made = PrivateDirectory::make_in(context.directories);
      if (!made) return propagate(made);
      own.emplace(std::move(*made));
      start.set_directory(own->path());
    }
    auto started = spawner_.start(std::move(start));
    if (!started) return propagate(started);
    auto finished = finish_command(std::move(*started), context);
    if (!finished) return propagate(finished);
    v1::CommandResult result = result_of(finished->end, program);
    if (auto tag = template_.tag(item, context.slot)) result.set_tag(std::move(*tag));
    return output_of(std::move(*finished), std::move(result));
  }

 private:
  v1::StartCommand request(const batch::Item& item, unsigned slot) const {
    v1::StartCommand request;
    for (std::string& argument : template_.arguments(item, slot)) request.add_arguments(std::move(argument));
    request.set_directory(setup_.directory());
    request.set_clears_environment(setup_.clears_environment());
    for (const std::string& variable : setup_.environment()) request.add_environment(variable);
    // Scripts that were written for GNU parallel ask for these.
    request.add_environment("PARALLEL_SEQ=" + std::to_string(item.number));
    request.add_environment("PARALLEL_JOBSLOT=" + std::to_string(slot));
    return request;
  }

  const v1::CommandSetup setup_;
  const batch::CommandTemplate template_;
  CommandStart& spawner_;
};

class CommandKind final : public JobKind {
 public:
  explicit CommandKind(std::unique_ptr<CommandStart> spawner) : spawner_(std::move(spawner)) {}

  std::string name() const override { return "command"; }
  std::string fingerprint() const override { return {}; }
  Result<std::unique_ptr<RunContext>> open_run(const std::string& setup) override {
    v1::CommandSetup parsed;
    if (!parsed.ParseFromString(setup)) return fail(ErrorCode::kFailed, "malformed setup of a command run");
    return std::make_unique<CommandRun>(std::move(parsed), *spawner_);
  }

 private:
  std::unique_ptr<CommandStart> spawner_;
};

}  // namespace

std::unique_ptr<JobKind> make_command_kind(std::unique_ptr<CommandStart> spawner) {
  return std::make_unique<CommandKind>(std::move(spawner));
}

}  // namespace sheaf::worker
