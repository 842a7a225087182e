#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace winnow::learner {

using Json = nlohmann::json;

// Parameters of a golden variant that remember which of them were read: one that no reader asked
// for is a parameter this build does not know, and fails.
class GoldenParams {
 public:
  explicit GoldenParams(const Json& json) : json_(json) {}
  bool Has(const std::string& key) {
    read_.insert(key);
    return json_.contains(key);
  }
  double Number(const std::string& key) { return At(key).get<double>(); }
  double Number(const std::string& key, double otherwise) {
    return Has(key) ? Number(key) : otherwise;
  }
  bool Bool(const std::string& key, bool otherwise) {
    return Has(key) ? At(key).get<bool>() : otherwise;
  }
  std::string Text(const std::string& key) { return At(key).get<std::string>(); }
  const Json& At(const std::string& key) {
    read_.insert(key);
    return json_.at(key);
  }
  std::vector<std::string> Unread() const {
    std::vector<std::string> unread;
    for (const auto& [key, value] : json_.items()) {
      if (!read_.contains(key)) unread.push_back(key);
    }
    return unread;
  }

 private:
  const Json& json_;
  std::set<std::string> read_;
};

// [B][T] arrays of a case, flat: sequence i has tokens [offsets[i], offsets[i + 1]).
inline void FlattenFloats(const Json& json, std::vector<double>* out) {
  if (json.is_array()) {
    for (const Json& entry : json) FlattenFloats(entry, out);
  } else {
    out->push_back(static_cast<double>(static_cast<float>(json.get<double>())));
  }
}
// Input numbers are float32 values.
inline std::vector<double> Floats(const Json& json) {
  std::vector<double> out;
  FlattenFloats(json, &out);
  return out;
}
inline void FlattenDoubles(const Json& json, std::vector<double>* out) {
  if (json.is_array()) {
    for (const Json& entry : json) FlattenDoubles(entry, out);
  } else {
    out->push_back(json.get<double>());
  }
}
// Expected numbers are float64.
inline std::vector<double> Doubles(const Json& json) {
  std::vector<double> out;
  FlattenDoubles(json, &out);
  return out;
}
inline std::vector<uint8_t> Mask(const Json& json) {
  std::vector<uint8_t> out;
  for (double value : Doubles(json)) out.push_back(value != 0);
  return out;
}
inline std::vector<size_t> Offsets(const Json& rows) {
  std::vector<size_t> offsets = {0};
  for (const Json& row : rows) offsets.push_back(offsets.back() + row.size());
  return offsets;
}
inline std::vector<size_t> Indices(const Json& json) {
  std::vector<size_t> out;
  for (const Json& entry : json) out.push_back(entry.get<size_t>());
  return out;
}

// |got − want| <= relative·|want| + absolute·scale.
struct GoldenTolerance {
  double relative = 1e-6;
  double absolute = 1e-9;
};
inline void ExpectNear(const std::string& what, double got, double want, double scale,
                       GoldenTolerance tolerance = {}) {
  const double bound = tolerance.relative * std::abs(want) + tolerance.absolute * scale;
  EXPECT_LE(std::abs(got - want), bound) << what << ": got " << got << ", want " << want;
}
inline double LargestMagnitude(const std::vector<double>& values) {
  double largest = 0;
  for (double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}
template <typename Values>
void ExpectAllNear(const std::string& what, const Values& got, const std::vector<double>& want,
                   GoldenTolerance tolerance = {}) {
  ASSERT_EQ(got.size(), want.size()) << what;
  const double scale = LargestMagnitude(want);
  for (size_t i = 0; i < want.size(); ++i) {
    ExpectNear(what + "[" + std::to_string(i) + "]", static_cast<double>(got[i]), want[i], scale,
               tolerance);
  }
}

// One checker per family: fails the test where an expected value is missed.
using GoldenChecker = void (*)(const Json& inputs, GoldenParams& params, const Json& expect);
void CheckAdvantage(const Json& inputs, GoldenParams& params, const Json& expect);
void CheckAggregate(const Json& inputs, GoldenParams& params, const Json& expect);
void CheckPolicyLoss(const Json& inputs, GoldenParams& params, const Json& expect);
void CheckTotalLoss(const Json& inputs, GoldenParams& params, const Json& expect);
void CheckMicroBatch(const Json& inputs, GoldenParams& params, const Json& expect);
void CheckKl(const Json& inputs, GoldenParams& params, const Json& expect);
void CheckKlInReward(const Json& inputs, GoldenParams& params, const Json& expect);
void CheckRolloutCorrection(const Json& inputs, GoldenParams& params, const Json& expect);
void CheckOverlong(const Json& inputs, GoldenParams& params, const Json& expect);
void CheckHead(const Json& inputs, GoldenParams& params, const Json& expect);
void CheckAdamW(const Json& inputs, GoldenParams& params, const Json& expect);
void CheckLrSchedule(const Json& inputs, GoldenParams& params, const Json& expect);

}  // namespace winnow::learner
