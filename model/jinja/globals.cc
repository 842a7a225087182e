#include "model/jinja/globals.h"

#include <array>
#include <ctime>
#include <utility>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/operators.h"
#include "model/jinja/parameters.h"
#include "model/jinja/printing.h"
#include "model/jinja/runtime.h"

namespace winnow::model::jinja {
namespace {

Value Range(Runtime& runtime, const Arguments& arguments) {
  constexpr int64_t kMaxItems = 100'000;  // as in Jinja's sandbox
  const Parameters parameters("range", arguments, {"start", "stop", "step"}, 1);
  const bool has_stop = parameters.Has(1);
  const int64_t start = has_stop ? parameters.Integer(0, 0) : 0;
  const int64_t stop = parameters.Integer(has_stop ? 1 : 0, 0);
  const int64_t step = parameters.Integer(2, 1);
  if (step == 0) throw Error("range() arg 3 must not be zero");
  std::vector<Value> items;
  int64_t at = start;
  while (step > 0 ? at < stop : at > stop) {
    if (static_cast<int64_t>(items.size()) >= kMaxItems) {
      throw Error(Format("range may have at most {} items", kMaxItems));
    }
    items.push_back(Value::Int(at));
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  runtime.Charge(items.size());
  std::string label = Format("range({}, {})", start, stop);
  if (step != 1) label = Format("range({}, {}, {})", start, stop, step);
  return Value::MakeList(std::move(items), List::Flavor::kRange, std::move(label));
}

// The fields of dict(...) and namespace(...): one mapping or list of pairs, then names.
Dict FieldsOf(Runtime& runtime, const Arguments& arguments, std::string_view callee) {
  Dict fields;
  if (arguments.positional.size() > 1) {
    throw Error(Format("{} takes at most one positional argument", callee));
  }
  for (const Value& source : arguments.positional) {
    if (source.Is(Value::Kind::kDict)) {
      for (const auto& [key, value] : source.dict().entries()) fields.Set(key, value);
      runtime.Charge(source.dict().size());
      continue;
    }
    for (const Value& pair : runtime.Items(source)) {
      const std::vector<Value> parts = runtime.Items(pair);
      if (parts.size() != 2) throw Error(Format("{} needs pairs", callee));
      fields.Set(parts[0], parts[1]);
    }
  }
  for (const auto& [name, value] : arguments.named) fields.Set(Value::String(name), value);
  return fields;
}

Value MakeDict(Runtime& runtime, const Arguments& arguments) {
  return Value::MakeDict(FieldsOf(runtime, arguments, "dict"));
}

Value MakeNamespace(Runtime& runtime, const Arguments& arguments) {
  return runtime.MakeNamespace(FieldsOf(runtime, arguments, "namespace"));
}

Value RaiseException(Runtime&, const Arguments& arguments) {
  const Parameters parameters("raise_exception", arguments, {"message"}, 1);
  Error error(Str(parameters.At(0)));
  error.is_raised = true;
  throw error;
}

Value StrftimeNow(Runtime& runtime, const Arguments& arguments) {
  const Parameters parameters("strftime_now", arguments, {"format"}, 1);
  constexpr size_t kMaxFormatBytes = 256;
  const std::string format = parameters.Text(0, "");
  if (format.size() > kMaxFormatBytes || format.find('\0') != std::string::npos) {
    throw Error(Format("strftime_now: format may have at most {} bytes", kMaxFormatBytes));
  }
  const std::time_t now = runtime.now_unix();
  std::tm parts{};
  if (gmtime_r(&now, &parts) == nullptr) throw Error("strftime_now: the time is out of range");
  std::array<char, 16384> text{};  // a conversion gives less than 64 characters
  // The full stop tells an empty result from one that does not fit.
  const size_t size = std::strftime(text.data(), text.size(), (format + ".").c_str(), &parts);
  if (size == 0) throw Error("strftime_now: the result is too long");
  return runtime.MakeText(std::string(text.data(), size - 1));
}

void Add(Scope* scope, const char* name, Value (*call)(Runtime&, const Arguments&)) {
  scope->Set(name, Value::MakeCallable({name, call, 1}));
}

}  // namespace

void AddGlobals(Scope* scope) {
  Add(scope, "range", Range);
  Add(scope, "dict", MakeDict);
  Add(scope, "namespace", MakeNamespace);
  Add(scope, "raise_exception", RaiseException);
  Add(scope, "strftime_now", StrftimeNow);
}

}  // namespace winnow::model::jinja
