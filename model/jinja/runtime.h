#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "model/jinja/operators.h"
#include "model/jinja/value.h"

namespace winnow::model::jinja {

// What one rendering may use up; all are far above what templates in use need.
struct RenderLimits {
  int64_t max_steps = 20'000'000;  // nodes evaluated, items gone through, 64 bytes of text made
  size_t max_output_bytes = size_t{64} << 20;
  size_t max_items = 4'000'000;  // of one list
  int max_depth = 1500;          // nodes within nodes, macro bodies included
};

// What filters, tests, methods and macros need of the rendering that calls them. One rendering, one
// thread. Its methods throw Error.
class Runtime {
 public:
  Runtime(const RenderLimits& limits, int64_t now_unix) : limits_(limits), now_unix_(now_unix) {}
  // Empties the namespaces, which may hold each other.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Counts steps; throws once they are used up.
  void Charge(size_t steps);
  SizeLimits sizes() const { return {limits_.max_output_bytes, limits_.max_items}; }
  const RenderLimits& limits() const { return limits_; }
  // Seconds since 1970 for strftime_now, which takes them as UTC.
  int64_t now_unix() const { return now_unix_; }

  // A text that counts towards the steps.
  Value MakeText(std::string text);
  // The items of a value, which count too.
  std::vector<Value> Items(const Value& value);
  Value Call(const Value& callee, const Arguments& arguments);
  Value MakeNamespace(Dict fields);

 private:
  const RenderLimits limits_;
  const int64_t now_unix_;
  int64_t steps_ = 0;
  std::vector<std::shared_ptr<Namespace>> namespaces_;
};

}  // namespace winnow::model::jinja
