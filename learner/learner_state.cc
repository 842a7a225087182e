#include "learner/learner_state.h"

#include <nlohmann/json.hpp>

#include "base/format.h"

namespace winnow::learner {

std::string WriteLearnerState(const LearnerState& state) {
  const nlohmann::ordered_json json = {{"format", "winnow-learner/1"},
                                       {"num_updates", state.num_updates},
                                       {"kl_coef", state.kl_coef},
                                       {"skipped_in_a_row", state.skipped_in_a_row}};
  return json.dump();
}

Result<LearnerState> ReadLearnerState(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool valid = json.is_object() && json.value("format", "") == "winnow-learner/1" &&
                     json.contains("num_updates") && json["num_updates"].is_number_unsigned() &&
                     json.contains("kl_coef") && json["kl_coef"].is_number() &&
                     json.contains("skipped_in_a_row") &&
                     json["skipped_in_a_row"].is_number_unsigned();
  if (!valid) {
    return DataLoss(Format("learner state must be a JSON object of format winnow-learner/1: {}",
                           text.substr(0, 80)));
  }
  return LearnerState{.num_updates = json["num_updates"].get<uint64_t>(),
                      .kl_coef = json["kl_coef"].get<double>(),
                      .skipped_in_a_row = json["skipped_in_a_row"].get<int>()};
}

}  // namespace winnow::learner
