#pragma once

#include "common/runtime/fd.h"

namespace sheaf {

/// Every child of sheaf holds the read end of a pipe as this descriptor, whose write end only its parent has. However the
/// parent ends, the pipe then closes, and the child leaves.
inline constexpr int kLifelineFd = 3;

/// Takes over the lifeline that the parent has passed as kLifelineFd and sees to it that grandchildren do not inherit it.
/// Errors: kFailed when there is none.
Result<Fd> take_lifeline();

/// True when the pipe has closed: the parent is gone. Never blocks.
bool is_parent_gone(const Fd& lifeline);

/// For programs whose threads are busy with work: a thread of its own that ends this process at once when the pipe closes.
void leave_with_parent(Fd lifeline);

}  // namespace sheaf
