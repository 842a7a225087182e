#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace winnow {

// Who is to blame for a failure; decides what a caller does about it (style.md §5).
enum class StatusCode : uint8_t {
  kOk = 0,
  kInvalidArgument,     // the caller's mistake: refused at once, exit code 2
  kNotFound,            // the caller asked for something that is not there, exit code 2
  kFailedPrecondition,  // state forbids it (run folder in use, store at another config), exit code
                        // 2
  kUnimplemented,       // known to the design, not built yet, exit code 2
  kUnavailable,         // the world: may work later, exit code 75
  kDeadlineExceeded,    // the world: took too long
  kDataLoss,            // bytes are not what was written, exit code 42
  kDeviceLost,          // sticky device error, exit code 75
  kInternal,            // a library behaved as it must not, exit code 42
};

std::string_view StatusCodeName(StatusCode code);

// Success, or an error with one message for a person. Cheap to move; thread-compatible.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  // "CODE: message", for logs and test failures.
  std::string ToString() const;

  // The same error with `prefix` and ": " before its message; success stays success.
  Status WithPrefix(std::string_view prefix) const;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status OkStatus() { return Status(); }
Status InvalidArgument(std::string message);
Status NotFound(std::string message);
Status FailedPrecondition(std::string message);
Status Unimplemented(std::string message);
Status Unavailable(std::string message);
Status DeadlineExceeded(std::string message);
Status DataLoss(std::string message);
Status Internal(std::string message);

// The exit code of a command that ends with `status`: 0, 2, 42 or 75 (reliability.md §6).
int ExitCodeFor(const Status& status);

// A value or an error, shaped like std::expected, which g++ 12 lacks.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) {  // NOLINT: implicit by design
    WINNOW_CHECK(!status_.ok());
  }

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  // REQUIRES: ok().
  T& value() & {
    Verify();
    return *value_;
  }
  const T& value() const& {
    Verify();
    return *value_;
  }
  T&& value() && {
    Verify();
    return *std::move(value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void Verify() const {
    if (!status_.ok()) CheckFailed(__FILE__, __LINE__, "Result::ok()", status_.ToString());
  }
  Status status_;
  std::optional<T> value_;
};

}  // namespace winnow

#define WINNOW_CONCAT_INNER(a, b) a##b
#define WINNOW_CONCAT(a, b) WINNOW_CONCAT_INNER(a, b)

// Returns from the enclosing function if `expression`, a Status, is an error.
#define WINNOW_RETURN_IF_ERROR(expression)                        \
  do {                                                            \
    if (::winnow::Status status_ = (expression); !status_.ok()) { \
      return status_;                                             \
    }                                                             \
  } while (false)

// Assigns the value of `expression`, a Result, to `lhs`, or returns its error.
#define WINNOW_ASSIGN_OR_RETURN(lhs, expression) \
  WINNOW_ASSIGN_OR_RETURN_IMPL(WINNOW_CONCAT(result_, __LINE__), lhs, expression)
#define WINNOW_ASSIGN_OR_RETURN_IMPL(result, lhs, expression) \
  auto result = (expression);                                 \
  if (!result.ok()) return result.status();                   \
  lhs = std::move(result).value()
