#include "reward/plugin/messages.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/format.h"

namespace winnow::reward::plugin {
namespace {

using Json = nlohmann::ordered_json;

std::string Quoted(std::string_view text) {
  return Json(text).dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

// The row as it is; "{}" if it is no object.
std::string_view RowObject(std::string_view extra_json) {
  return extra_json.starts_with('{') ? extra_json : "{}";
}

// The parts of a verdict; nullopt if one is no number.
std::optional<Parts> ReadParts(const Json& json) {
  Parts parts;
  if (json.is_null()) return parts;
  if (!json.is_object()) return std::nullopt;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_number()) return std::nullopt;
    parts.push_back({name, value.get<double>()});
  }
  return parts;
}

}  // namespace

std::string SampleJson(const Sample& sample) {
  std::string ids;
  for (const int32_t id : sample.response_ids) ids += Format("{}{}", ids.empty() ? "" : ",", id);
  return Format(
      "{{\"prompt_id\":\"{}\",\"index\":{},\"data_source\":{},\"prompt\":{},\"response\":{},"
      "\"reference\":{},\"response_tokens\":{},\"longest_path_tokens\":{},\"finish\":\"{}\","
      "\"response_ids\":[{}],\"extra\":{}}}",
      ToHex(sample.prompt_id), sample.index, Quoted(sample.data_source), Quoted(sample.prompt),
      Quoted(sample.response), Quoted(sample.reference), sample.response_tokens,
      sample.longest_path_tokens, FinishReasonName(sample.finish), ids,
      RowObject(sample.extra_json));
}

std::string RequestJson(std::span<const Sample> samples, double timeout_s) {
  std::string text;
  if (std::isfinite(timeout_s)) {
    text = Format("{{\"deadline_ns\":{},\"timeout_ms\":{},\"samples\":[",
                  static_cast<int64_t>((MonotonicSeconds() + timeout_s) * 1e9),
                  static_cast<int64_t>(timeout_s * 1e3));
  } else {
    text = "{\"deadline_ns\":null,\"timeout_ms\":null,\"samples\":[";
  }
  for (size_t i = 0; i < samples.size(); ++i) {
    if (i > 0) text += ',';
    text += SampleJson(samples[i]);
  }
  return text + "]}";
}

Verdict ParseVerdict(std::string_view message, bool* broken) {
  *broken = false;
  const Json json = Json::parse(message, nullptr, /*allow_exceptions=*/false);
  const auto bad = [&](std::string_view why) {
    *broken = true;
    return Verdict::Error(Format("broken protocol: {}: {}", why, message.substr(0, 120)));
  };
  if (!json.is_object()) return bad("a verdict must be a JSON object");
  const Json kind = json.value("kind", Json("scored"));
  const Json reason_json = json.value("reason", Json(""));
  const std::string reason = reason_json.is_string() ? reason_json.get<std::string>() : "";
  if (kind == "invalid") return Verdict::Invalid(reason);
  if (kind == "timeout") return Verdict::Timeout(reason);
  if (kind == "error") return Verdict::Error(reason);
  if (kind != "scored") return bad("kind must be scored, invalid, timeout or error");
  const Json reward = json.value("reward", Json());
  if (!reward.is_number()) return bad("reward must be a number");
  const std::optional<Parts> parts = ReadParts(json.value("parts", Json()));
  if (!parts) return bad("parts must be an object of numbers");
  return Verdict::Scored(static_cast<float>(reward.get<double>()), *parts);
}

}  // namespace winnow::reward::plugin
