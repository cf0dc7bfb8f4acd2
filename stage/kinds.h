#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "sheaf/v1/wire.pb.h"
#include "stage/stage_kind.h"

namespace sheaf::stage {

struct KindOptions {
  std::string incarnation;  ///< Part of every temporary name, so that two lives of a stage never write the same file.
  std::string scratch;      ///< Where large payloads may lie.
};

/// Makes the source and sink of a run: make_kind(), or what a test puts in its place.
using KindMaker = std::function<Result<std::unique_ptr<StageKind>>(const v1::RunDescription& run, const KindOptions& options)>;

/// The source and sink of a run, by its kind. Errors: kUsage for a kind that this program does not have.
Result<std::unique_ptr<StageKind>> make_kind(const v1::RunDescription& run, const KindOptions& options);

}  // namespace sheaf::stage
