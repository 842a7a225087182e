#include "cli/verify/rows.h"

#include <cmath>

#include "base/digest.h"
#include "base/format.h"
#include "cli/json_lines.h"
#include "orchestrator/row_columns.h"

namespace winnow::cli {
namespace {

constexpr double kTolerance = 1e-6;

// The column as text, "" if it is missing or null.
std::string OptionalText(const Json& line, const std::string& key) {
  const Json* column = orchestrator::FindColumn(line, key);
  return column == nullptr || column->is_null() ? "" : orchestrator::ColumnText(*column);
}

Result<std::optional<Expected>> ReadExpected(const Json& line) {
  if (const auto verdict = line.find("verdict"); verdict != line.end() && verdict->is_boolean()) {
    return std::optional(Expected{.reward = verdict->get<bool>() ? 1.0 : 0.0});
  }
  const auto found = line.find("expected");
  if (found == line.end() || found->is_null()) return std::optional<Expected>();
  if (found->is_boolean()) return std::optional(Expected{.reward = found->get<bool>() ? 1.0 : 0.0});
  if (found->is_number()) return std::optional(Expected{.reward = found->get<double>()});
  for (const VerdictKind kind :
       {VerdictKind::kScored, VerdictKind::kInvalid, VerdictKind::kTimeout, VerdictKind::kError}) {
    if (found->is_string() && found->get<std::string>() == VerdictKindName(kind)) {
      return std::optional(Expected{.kind = kind});
    }
  }
  return InvalidArgument(Format(
      "\"expected\" must be a number, scored, invalid, timeout or error: {}", DumpJson(*found)));
}

Status ReadTokens(const Json& line, VerifyRow* row) {
  if (const auto tokens = line.find("response_tokens"); tokens != line.end()) {
    if (!tokens->is_number_unsigned()) {
      return InvalidArgument("\"response_tokens\" must be a non-negative integer: " +
                             DumpJson(*tokens));
    }
    row->response_tokens = tokens->get<uint32_t>();
  }
  const auto finish = line.find("finish");
  if (finish == line.end()) return OkStatus();
  for (const FinishReason reason :
       {FinishReason::kStop, FinishReason::kLength, FinishReason::kError}) {
    if (*finish != FinishReasonName(reason)) continue;
    row->finish = reason;
    return OkStatus();
  }
  return InvalidArgument("\"finish\" must be stop, length or error: " + DumpJson(*finish));
}

Result<VerifyRow> ReadRow(const Json& line, const RowKeys& keys) {
  VerifyRow row;
  const Json* response = orchestrator::FindColumn(line, keys.response);
  if (response == nullptr || !response->is_string()) {
    return InvalidArgument(Format("\"{}\" must be a string: {}", keys.response,
                                  response == nullptr ? "(missing)" : DumpJson(*response)));
  }
  row.response = response->get<std::string>();
  if (!keys.reference.empty()) {
    if (orchestrator::FindColumn(line, keys.reference) == nullptr) {
      return InvalidArgument(Format("\"{}\" must be there: (missing)", keys.reference));
    }
    row.reference = OptionalText(line, keys.reference);
  } else {
    row.reference = OptionalText(line, line.contains("reference") ? "reference" : "gold");
  }
  row.prompt = OptionalText(line, "prompt");
  row.data_source = OptionalText(line, "data_source");
  row.row_json = DumpJson(line);
  WINNOW_RETURN_IF_ERROR(ReadTokens(line, &row));
  WINNOW_ASSIGN_OR_RETURN(row.expected, ReadExpected(line));
  return row;
}

bool SameGroup(const VerifyRow& a, const VerifyRow& b) {
  return !a.prompt.empty() && a.prompt == b.prompt && a.data_source == b.data_source;
}

}  // namespace

bool IsAsExpected(const reward::Verdict& verdict, const Expected& expected) {
  if (verdict.kind() != expected.kind) return false;
  if (!verdict.is_scored() || !expected.reward.has_value()) return true;
  return std::fabs(verdict.reward() - *expected.reward) <= kTolerance;
}

std::string ExpectedText(const Expected& expected) {
  if (expected.reward.has_value()) return Format("{}", *expected.reward);
  return std::string(VerdictKindName(expected.kind));
}

reward::Sample VerifyRow::AsSample() const {
  return {.prompt_id = prompt_id,
          .index = index,
          .data_source = data_source,
          .prompt = prompt,
          .response = response,
          .reference = reference,
          .extra_json = row_json,
          .response_tokens = response_tokens,
          .longest_path_tokens = response_tokens,
          .finish = finish};
}

Result<std::vector<VerifyRow>> ReadRows(const std::string& file, const RowKeys& keys) {
  std::vector<VerifyRow> rows;
  const Status status =
      ForEachJsonLine(file, [&](const Json& line, const std::string& origin) -> Status {
        WINNOW_ASSIGN_OR_RETURN(VerifyRow row, ReadRow(line, keys));
        row.origin = origin;
        if (!rows.empty() && SameGroup(rows.back(), row)) {
          row.prompt_id = rows.back().prompt_id;
          row.index = rows.back().index + 1;
        } else {
          row.prompt_id = PromptId(Hash64(row.prompt.empty() ? origin : row.prompt));
        }
        rows.push_back(std::move(row));
        return OkStatus();
      });
  WINNOW_RETURN_IF_ERROR(status);
  if (rows.empty()) return InvalidArgument("--data must hold at least one line: " + file);
  return rows;
}

}  // namespace winnow::cli
