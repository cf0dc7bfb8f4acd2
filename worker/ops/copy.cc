#include "worker/ops/ops.h"

namespace sheaf::worker {

namespace {

class Copy : public FrameOp {
 protected:
  Result<OpOutput> do_apply(OpInput input) override { return OpOutput{std::move(input.frame), {}}; }
};

}  // namespace

std::unique_ptr<FrameOp> make_copy(const v1::OpCall&, const ops::PixelLayout&, const ops::Geometry&) {
  return std::make_unique<Copy>();
}

}  // namespace sheaf::worker
