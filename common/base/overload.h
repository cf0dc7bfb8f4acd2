#pragma once

namespace sheaf {

/// Several lambdas as one function, for std::visit: the one that takes the variant's alternative is called.
template <class... Functions>
struct Overload : Functions... {
  using Functions::operator()...;
};

/// clang 14 does not deduce an aggregate's arguments by itself.
template <class... Functions>
Overload(Functions...) -> Overload<Functions...>;

}  // namespace sheaf
