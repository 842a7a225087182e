#pragma once

#include <sstream>
#include <string>
#include <string_view>

namespace winnow {

// Prints file, line, the broken condition and `detail` to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, std::string_view condition,
                              std::string_view detail);

namespace internal {
template <typename A, typename B>
std::string DescribePair(const A& a, const B& b) {
  std::ostringstream out;
  out << a << " vs " << b;
  return out.str();
}
}  // namespace internal
}  // namespace winnow

// Invariants of our own code; a user's mistake is a Status instead (style.md §5).
#define WINNOW_CHECK(condition)                                  \
  do {                                                           \
    if (!(condition)) {                                          \
      ::winnow::CheckFailed(__FILE__, __LINE__, #condition, ""); \
    }                                                            \
  } while (false)

#define WINNOW_CHECK_OP(op, a, b)                                                  \
  do {                                                                             \
    const auto& check_a_ = (a);                                                    \
    const auto& check_b_ = (b);                                                    \
    if (!(check_a_ op check_b_)) {                                                 \
      ::winnow::CheckFailed(__FILE__, __LINE__, #a " " #op " " #b,                 \
                            ::winnow::internal::DescribePair(check_a_, check_b_)); \
    }                                                                              \
  } while (false)

#define WINNOW_CHECK_EQ(a, b) WINNOW_CHECK_OP(==, a, b)
#define WINNOW_CHECK_NE(a, b) WINNOW_CHECK_OP(!=, a, b)
#define WINNOW_CHECK_LT(a, b) WINNOW_CHECK_OP(<, a, b)
#define WINNOW_CHECK_LE(a, b) WINNOW_CHECK_OP(<=, a, b)
#define WINNOW_CHECK_GT(a, b) WINNOW_CHECK_OP(>, a, b)
#define WINNOW_CHECK_GE(a, b) WINNOW_CHECK_OP(>=, a, b)
