#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow::model {

// One scalar of a JSON text, with the keys that lead to it; list entries repeat their list's path.
struct JsonScalar {
  enum class Kind { kUnsigned, kString, kOther };
  Kind kind = Kind::kOther;
  uint64_t number = 0;
  std::string text;
};

// What ReadStrictJson reports, in text order. Each call may refuse by returning an error rule.
struct JsonVisitor {
  // A key was read; `path` ends with it. Keys of one object are distinct.
  std::function<Status(const std::vector<std::string>& path)> key;
  // A list opened at `path`.
  std::function<Status(const std::vector<std::string>& path)> list;
  // An object opened at `path`.
  std::function<Status(const std::vector<std::string>& path)> object;
  std::function<Status(const std::vector<std::string>& path, bool in_list,
                       const JsonScalar& scalar)>
      scalar;
};

// Reads an untrusted JSON object by reliability.md §5: UTF-8, begins with '{', followed by spaces
// only, depth at most 4, duplicate keys refused, integers are u64 without sign, fraction, exponent.
// Errors: kInvalidArgument, `file: rule: found`.
Status ReadStrictJson(std::string_view json, const std::string& file, const JsonVisitor& visitor);

}  // namespace winnow::model
