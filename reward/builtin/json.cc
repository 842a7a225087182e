#include "reward/builtin/answer_verifier.h"
#include "reward/builtin/entry.h"
#include "reward/builtin/row_fields.h"
#include "reward/code/fenced_block.h"
#include "reward/json_schema.h"
#include "reward/json_tree.h"

namespace winnow::reward {
namespace {

constexpr size_t kMaxSchemaBytes = 64 << 10;

// One JSON value: equal to the reference, or fitting the column `schema` (of the row or of its
// metadata), or both where the row has both.
class JsonVerifier final : public AnswerVerifier {
 public:
  JsonVerifier(Traits traits, AnswerOptions options, bool partial)
      : AnswerVerifier(std::move(traits), std::move(options)), partial_(partial) {}

 private:
  Verdict Judge(const Sample& sample, std::string_view text) const override {
    const std::optional<nlohmann::json> column = SchemaColumn(sample.extra_json);
    std::optional<JsonNode> schema, reference;
    if (column) {
      const std::string source = column->is_string() ? column->get<std::string>() : column->dump();
      if (source.size() <= kMaxSchemaBytes) schema = ReadJson(source);
      if (!schema) return Verdict::Invalid("the schema cannot be read");
      const std::string fault = SchemaFault(*schema);
      if (!fault.empty()) return Verdict::Invalid(fault);
    }
    if (!TrimSpaces(sample.reference).empty()) {
      reference = ReadJson(sample.reference);
      if (!reference) return Verdict::Invalid("the reference is not JSON");
    }
    if (!schema && !reference) return Verdict::Invalid("the row has neither reference nor schema");
    const std::optional<JsonNode> value = Value(text);
    if (!value) return NoAnswer();
    if (schema && !FitsSchema(*value, *schema)) return Answered(0.0);
    if (!reference) return Answered(1.0);
    if (partial_) return Answered(ShareOfEqualLeaves(*value, *reference));
    return Answered(*value == *reference ? 1.0 : 0.0);
  }

  static std::optional<nlohmann::json> SchemaColumn(std::string_view extra_json) {
    if (extra_json.find("\"schema\"") == std::string_view::npos) return std::nullopt;
    const nlohmann::json row = ParseRow(extra_json);
    if (auto schema = FieldOf(row, "schema")) return schema;
    return FieldOf(row, "metadata.schema");
  }

  // `extract: auto` takes the last fenced block, else the whole text.
  std::optional<JsonNode> Value(std::string_view text) const {
    if (options().extract.kind != ExtractRule::Kind::kAuto) {
      const std::optional<std::string_view> answer = Answer(text, AnswerForm::kText);
      return answer ? ReadJson(*answer) : std::nullopt;
    }
    const std::string answer = LastFencedBlock(text).value_or(std::string(text));
    return answer.size() <= kMaxAnswerBytes ? ReadJson(answer) : std::nullopt;
  }

  const bool partial_;
};

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) {
  Traits traits{.name = "json", .needs_reference = false};
  return std::unique_ptr<Verifier>(std::make_unique<JsonVerifier>(
      std::move(traits), ReadAnswerOptions(options), options.Bool("partial")));
}

}  // namespace

VerifierEntry JsonEntry() {
  return {"json", "one JSON value: equal to the reference, or fitting the row's schema",
          WithAnswerOptions({{"partial", "false", "share of right leaves instead of all or none"}}),
          Make};
}

}  // namespace winnow::reward
