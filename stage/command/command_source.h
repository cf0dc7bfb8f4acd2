#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/batch/item_reader.h"
#include "stage/command/batch_progress.h"
#include "stage/stage_kind.h"

namespace sheaf::stage {

/// A job for each item, as they are read.
class CommandSource final : public JobSource {
 public:
  /// Errors: as batch::ItemReader::open().
  static Result<std::unique_ptr<CommandSource>> open(const v1::InputItems& items, std::shared_ptr<BatchProgress> progress);

  const std::vector<std::string>& names() const { return reader_->names(); }

  Result<std::optional<JobOut>> next_job() override;
  void stop() noexcept override { stop_.set(); }

 private:
  CommandSource(batch::StopSignal stop, std::shared_ptr<BatchProgress> progress)
      : stop_(std::move(stop)), progress_(std::move(progress)) {}

  batch::StopSignal stop_;
  std::shared_ptr<BatchProgress> progress_;
  std::optional<batch::ItemReader> reader_;
};

}  // namespace sheaf::stage
