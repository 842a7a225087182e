#include "store/history_rule.h"

#include <nlohmann/json.hpp>

#include "base/format.h"

namespace winnow::store {
namespace {

template <typename T>
Status CheckSame(std::string_view key, const T& stored, const T& wanted) {
  if (stored == wanted) return OkStatus();
  return FailedPrecondition(
      Format("history: {} must be the store's, or filter.reset_history true: store {}, config {}",
             key, stored, wanted));
}

}  // namespace

std::string EncodeRule(const HistoryRule& rule) {
  nlohmann::ordered_json json;
  json["n"] = rule.classify.n;
  json["metric"] = rule.metric;
  json["tolerance"] = rule.classify.tolerance;
  json["midpoint"] = rule.classify.midpoint;
  json["mopps_lambda"] = rule.mopps.lambda;
  json["mopps_prior_alpha"] = rule.mopps.prior_alpha;
  json["mopps_prior_beta"] = rule.mopps.prior_beta;
  json["reward_min"] = rule.mopps.reward_min;
  json["reward_max"] = rule.mopps.reward_max;
  return json.dump();
}

Result<HistoryRule> DecodeRule(std::string_view text) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    HistoryRule rule;
    rule.classify.n = json.at("n").get<uint32_t>();
    rule.metric = json.at("metric").get<std::string>();
    rule.classify.tolerance = json.at("tolerance").get<double>();
    rule.classify.midpoint = json.at("midpoint").get<double>();
    rule.mopps.lambda = json.at("mopps_lambda").get<double>();
    rule.mopps.prior_alpha = json.at("mopps_prior_alpha").get<double>();
    rule.mopps.prior_beta = json.at("mopps_prior_beta").get<double>();
    rule.mopps.reward_min = json.at("reward_min").get<double>();
    rule.mopps.reward_max = json.at("reward_max").get<double>();
    return rule;
  } catch (const nlohmann::json::exception&) {
    return DataLoss(Format("history: meta rule cannot be read: {}", text));
  }
}

Status CheckSameRule(const HistoryRule& stored, const HistoryRule& wanted) {
  WINNOW_RETURN_IF_ERROR(CheckSame("rollout.n", stored.classify.n, wanted.classify.n));
  WINNOW_RETURN_IF_ERROR(CheckSame("filter.metric", stored.metric, wanted.metric));
  WINNOW_RETURN_IF_ERROR(
      CheckSame("filter.tolerance", stored.classify.tolerance, wanted.classify.tolerance));
  return CheckSame("filter.midpoint", stored.classify.midpoint, wanted.classify.midpoint);
}

}  // namespace winnow::store
