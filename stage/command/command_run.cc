#include "stage/command/command_run.h"

#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>

#include "common/runtime/files.h"
#include "sheaf/v1/command.pb.h"
#include "stage/command/batch_progress.h"
#include "stage/command/command_sink.h"
#include "stage/command/command_source.h"

namespace sheaf::stage {

namespace {

Result<v1::BatchInput> read_batch(int fd) {
  struct stat status {};
  v1::BatchInput batch;
  std::string bytes;
  if (::fstat(fd, &status) == 0) bytes.resize(static_cast<std::size_t>(status.st_size));
  if (Status read = read_at(fd, 0, std::as_writable_bytes(std::span(bytes))); !read) return propagate(read);
  if (!batch.ParseFromString(bytes)) return fail(ErrorCode::kUsage, "the batch cannot be read");
  return batch;
}

}  // namespace

Result<OpenedRun> open_command_run(const v1::RunDescription& /*run*/, const StageOptions& /*options*/) {
  const Fd file(kBatchInputFd);
  auto batch = read_batch(file.get());
  if (!batch) return propagate(batch);
  auto progress = std::make_shared<BatchProgress>();
  auto source = CommandSource::open(batch->items(), progress);
  if (!source) return propagate(source);
  v1::CommandSetup setup = std::move(*batch->mutable_setup());
  for (const std::string& name : (*source)->names()) setup.add_names(name);
  auto sink = make_command_sink(setup, std::move(progress));
  if (!sink) return propagate(sink);

  OpenedRun opened;
  opened.plan.setup = setup.SerializeAsString();
  opened.source = std::move(*source);
  opened.sink = std::move(*sink);
  return opened;
}

}  // namespace sheaf::stage
