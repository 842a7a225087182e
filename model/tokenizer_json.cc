#include "model/tokenizer_json.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_map>

#include "base/format.h"
#include "model/unicode.h"

namespace winnow::model {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxAddedTokenBytes = 4096;
constexpr int kMaxSequenceDepth = 16;

// The value of `key`, or null if it is not there.
const Json& At(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

// A short rendering for messages, whatever the value is.
std::string Show(const Json& value) {
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Status Expected(std::string_view key, std::string_view what, const Json& found) {
  return InvalidArgument(Format("{} must be {}: {}", key, what, Show(found)));
}

Status ReadBool(const Json& object, const char* key, std::string_view path, bool* value) {
  const Json& found = At(object, key);
  if (found.is_null()) return Status();
  if (!found.is_boolean()) return Expected(Format("{}.{}", path, key), "true or false", found);
  *value = found.get<bool>();
  return Status();
}

Result<std::string> ReadString(const Json& object, const char* key, std::string_view path) {
  const Json& found = At(object, key);
  if (!found.is_string()) return Expected(Format("{}.{}", path, key), "a string", found);
  return found.get<std::string>();
}

bool IsId(const Json& value) {
  return value.is_number_integer() && value >= 0 && value <= std::numeric_limits<int32_t>::max();
}

Status ExpectedId(std::string_view path, const Json& found) {
  return Expected(path, "a non-negative 32-bit integer", found);
}

Status RefuseIfSet(const Json& model, const char* key) {
  const Json& value = At(model, key);
  const bool is_off = value.is_null() || value == "" || value == false || value == 0;
  if (is_off) return Status();
  return InvalidArgument(Format("model.{} is not supported: {}", key, Show(value)));
}

// The two texts of a merge; nothing if it is neither a list of two nor a text with one space.
std::optional<std::pair<std::string, std::string>> ReadMerge(const Json& merge) {
  if (merge.is_array()) {
    if (merge.size() != 2 || !merge[0].is_string() || !merge[1].is_string()) return std::nullopt;
    return std::pair(merge[0].get<std::string>(), merge[1].get<std::string>());
  }
  if (!merge.is_string()) return std::nullopt;
  const auto& text = merge.get_ref<const std::string&>();
  const size_t space = text.find(' ');
  if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
    return std::nullopt;
  }
  return std::pair(text.substr(0, space), text.substr(space + 1));
}

Status ReadModel(const Json& model, BpeSpec* spec) {
  if (!model.is_object()) return Expected("model", "an object", model);
  const Json& type = At(model, "type");
  // Files of old carry no type; what has merges is a BPE.
  if (!(type.is_null() && model.contains("merges")) && type != "BPE") {
    return InvalidArgument(Format("model.type must be BPE: {}", Show(type)));
  }
  for (const char* key :
       {"dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"}) {
    WINNOW_RETURN_IF_ERROR(RefuseIfSet(model, key));
  }
  WINNOW_RETURN_IF_ERROR(ReadBool(model, "ignore_merges", "model", &spec->ignore_merges));
  WINNOW_RETURN_IF_ERROR(ReadBool(model, "fuse_unk", "model", &spec->fuse_unknown));
  const Json& unknown = At(model, "unk_token");
  if (!unknown.is_null()) {
    WINNOW_ASSIGN_OR_RETURN(spec->unknown_token, ReadString(model, "unk_token", "model"));
  }
  const Json& vocabulary = At(model, "vocab");
  if (!vocabulary.is_object()) return Expected("model.vocab", "an object", vocabulary);
  spec->vocabulary.reserve(vocabulary.size());
  for (const auto& [text, id] : vocabulary.items()) {
    if (!IsId(id)) return ExpectedId(Format("model.vocab: `{}`", text), id);
    spec->vocabulary.emplace_back(text, id.get<int32_t>());
  }
  const Json& merges = At(model, "merges");
  if (!merges.is_array()) return Expected("model.merges", "a list", merges);
  spec->merges.reserve(merges.size());
  for (size_t i = 0; i < merges.size(); ++i) {
    auto merge = ReadMerge(merges[i]);
    if (!merge.has_value()) {
      return Expected(Format("model.merges[{}]", i), "two texts, as a list or with a space",
                      merges[i]);
    }
    spec->merges.push_back(*std::move(merge));
  }
  return Status();
}

Status ReadNormalizer(const Json& node, int depth, bool* nfc) {
  if (node.is_null()) return Status();
  const Json& type = At(node, "type");
  if (type == "NFC") {
    *nfc = true;
    return Status();
  }
  const Json& parts = At(node, "normalizers");
  if (type == "Sequence" && parts.is_array() && depth < kMaxSequenceDepth) {
    for (const Json& part : parts) WINNOW_RETURN_IF_ERROR(ReadNormalizer(part, depth + 1, nfc));
    return Status();
  }
  return InvalidArgument(Format("normalizer.type must be one of NFC, Sequence: {}", Show(type)));
}

Result<SplitBehavior> ReadBehavior(const Json& node) {
  const Json& name = At(node, "behavior");
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  return InvalidArgument(
      Format("pre_tokenizer.behavior must be one of Isolated, Removed, MergedWithPrevious, "
             "MergedWithNext, Contiguous: {}",
             Show(name)));
}

Result<SplitStep> ReadSplit(const Json& node) {
  SplitStep step;
  const Json& pattern = At(node, "pattern");
  step.is_literal = At(pattern, "String").is_string();
  WINNOW_ASSIGN_OR_RETURN(step.pattern, ReadString(pattern, step.is_literal ? "String" : "Regex",
                                                   "pre_tokenizer.pattern"));
  WINNOW_ASSIGN_OR_RETURN(step.behavior, ReadBehavior(node));
  WINNOW_RETURN_IF_ERROR(ReadBool(node, "invert", "pre_tokenizer", &step.invert));
  return step;
}

Status ReadPreTokenizer(const Json& node, int depth, std::vector<PreTokenizerStep>* steps) {
  const Json& type = At(node, "type");
  const Json& parts = At(node, "pretokenizers");
  if (type == "Sequence" && parts.is_array() && depth < kMaxSequenceDepth) {
    for (const Json& part : parts) {
      WINNOW_RETURN_IF_ERROR(ReadPreTokenizer(part, depth + 1, steps));
    }
    return Status();
  }
  if (!steps->empty() && std::holds_alternative<ByteLevelStep>(steps->back())) {
    return InvalidArgument(
        Format("pre_tokenizer: ByteLevel must be the last step, but {} follows", Show(type)));
  }
  if (type == "Split") {
    WINNOW_ASSIGN_OR_RETURN(SplitStep step, ReadSplit(node));
    steps->emplace_back(std::move(step));
    return Status();
  }
  if (type == "Digits") {
    DigitsStep step;
    WINNOW_RETURN_IF_ERROR(ReadBool(node, "individual_digits", "pre_tokenizer", &step.individual));
    steps->emplace_back(step);
    return Status();
  }
  if (type == "ByteLevel") {
    ByteLevelStep step;
    WINNOW_RETURN_IF_ERROR(
        ReadBool(node, "add_prefix_space", "pre_tokenizer", &step.add_prefix_space));
    WINNOW_RETURN_IF_ERROR(ReadBool(node, "use_regex", "pre_tokenizer", &step.use_regex));
    steps->emplace_back(step);
    return Status();
  }
  return InvalidArgument(Format(
      "pre_tokenizer.type must be one of Split, Digits, ByteLevel, Sequence: {}", Show(type)));
}

// Flattens a decoder into the names of its parts.
Status ListDecoders(const Json& node, int depth, std::vector<std::string>* names) {
  const Json& type = At(node, "type");
  const Json& parts = At(node, "decoders");
  if (type == "Sequence" && parts.is_array() && depth < kMaxSequenceDepth) {
    for (const Json& part : parts) WINNOW_RETURN_IF_ERROR(ListDecoders(part, depth + 1, names));
    return Status();
  }
  if (type != "ByteLevel" && type != "Fuse") {
    return InvalidArgument(
        Format("decoder.type must be one of ByteLevel, Fuse, Sequence: {}", Show(type)));
  }
  names->push_back(type.get<std::string>());
  return Status();
}

// Byte-level decoding, after which joining changes nothing.
Status CheckDecoder(const Json& node) {
  std::vector<std::string> names;
  WINNOW_RETURN_IF_ERROR(ListDecoders(node, 0, &names));
  if (names.empty() || names.front() != "ByteLevel") {
    return InvalidArgument("decoder must begin with ByteLevel");
  }
  for (size_t i = 1; i < names.size(); ++i) {
    if (names[i] != "Fuse") return InvalidArgument("decoder must have one ByteLevel");
  }
  return Status();
}

// Post-processors only add special tokens and move offsets; we do neither, but refuse unknown ones.
Status CheckPostProcessor(const Json& node, int depth) {
  if (node.is_null()) return Status();
  const Json& type = At(node, "type");
  const Json& parts = At(node, "processors");
  if (type == "Sequence" && parts.is_array() && depth < kMaxSequenceDepth) {
    for (const Json& part : parts) WINNOW_RETURN_IF_ERROR(CheckPostProcessor(part, depth + 1));
    return Status();
  }
  for (const char* known :
       {"ByteLevel", "TemplateProcessing", "RobertaProcessing", "BertProcessing"}) {
    if (type == known) return Status();
  }
  return InvalidArgument(
      Format("post_processor.type must be one of ByteLevel, TemplateProcessing, "
             "RobertaProcessing, BertProcessing, Sequence: {}",
             Show(type)));
}

Result<AddedToken> ReadAddedToken(const Json& node, size_t index) {
  const std::string path = Format("added_tokens[{}]", index);
  if (!node.is_object()) return Expected(path, "an object", node);
  AddedToken token;
  WINNOW_ASSIGN_OR_RETURN(token.content, ReadString(node, "content", path));
  if (!IsId(At(node, "id"))) return ExpectedId(path + ".id", At(node, "id"));
  token.id = At(node, "id").get<int32_t>();
  WINNOW_RETURN_IF_ERROR(ReadBool(node, "single_word", path, &token.single_word));
  WINNOW_RETURN_IF_ERROR(ReadBool(node, "lstrip", path, &token.lstrip));
  WINNOW_RETURN_IF_ERROR(ReadBool(node, "rstrip", path, &token.rstrip));
  WINNOW_RETURN_IF_ERROR(ReadBool(node, "special", path, &token.special));
  token.normalized = !token.special;
  WINNOW_RETURN_IF_ERROR(ReadBool(node, "normalized", path, &token.normalized));
  if (token.content.empty() || token.content.size() > kMaxAddedTokenBytes) {
    return InvalidArgument(Format("{}.content must have 1 to {} bytes: {}", path,
                                  kMaxAddedTokenBytes, token.content.size()));
  }
  return token;
}

Status ReadAddedTokens(const Json& list, TokenizerSpec* spec) {
  if (list.is_null()) return Status();
  if (!list.is_array()) return Expected("added_tokens", "a list", list);
  std::unordered_map<std::string_view, int32_t> id_of_text;
  std::unordered_map<int32_t, std::string_view> text_of_id;
  id_of_text.reserve(spec->bpe.vocabulary.size() + list.size());
  text_of_id.reserve(spec->bpe.vocabulary.size() + list.size());
  for (const auto& [text, id] : spec->bpe.vocabulary) {
    id_of_text.emplace(text, id);
    text_of_id.emplace(id, text);
  }
  spec->added_tokens.reserve(list.size());  // never grows: the maps point into it
  std::set<std::string> seen;
  // Hugging Face numbers tokens that the vocabulary lacks itself: from the vocabulary's size up.
  int32_t next_id = static_cast<int32_t>(spec->bpe.vocabulary.size());
  for (size_t i = 0; i < list.size(); ++i) {
    WINNOW_ASSIGN_OR_RETURN(AddedToken read, ReadAddedToken(list[i], i));
    const AddedToken& token = spec->added_tokens.emplace_back(std::move(read));
    const auto [known, is_new] = id_of_text.emplace(token.content, token.id);
    if (is_new && token.id != next_id) {
      return InvalidArgument(
          Format("added_tokens[{}]: id of `{}` must be the next free one, {}: {}", i, token.content,
                 next_id, token.id));
    }
    if (known->second != token.id) {
      return InvalidArgument(Format("added_tokens[{}]: `{}` has id {} but the vocabulary says {}",
                                    i, token.content, token.id, known->second));
    }
    const auto owner = text_of_id.emplace(token.id, token.content).first;
    if (owner->second != token.content) {
      return InvalidArgument(Format("added_tokens[{}]: id {} of `{}` belongs to `{}`", i, token.id,
                                    token.content, owner->second));
    }
    if (!seen.insert(token.content).second) {
      return InvalidArgument(Format("added_tokens[{}]: `{}` is there twice", i, token.content));
    }
    next_id = std::max(next_id, token.id + 1);
  }
  return Status();
}

Status ReadAll(const Json& root, TokenizerSpec* spec) {
  if (!root.is_object()) return InvalidArgument("must be an object");
  WINNOW_RETURN_IF_ERROR(ReadNormalizer(At(root, "normalizer"), 0, &spec->normalize_nfc));
  WINNOW_RETURN_IF_ERROR(ReadPreTokenizer(At(root, "pre_tokenizer"), 0, &spec->pre_tokenizer));
  if (spec->pre_tokenizer.empty() ||
      !std::holds_alternative<ByteLevelStep>(spec->pre_tokenizer.back())) {
    return InvalidArgument("pre_tokenizer must end with ByteLevel");
  }
  WINNOW_RETURN_IF_ERROR(CheckDecoder(At(root, "decoder")));
  WINNOW_RETURN_IF_ERROR(CheckPostProcessor(At(root, "post_processor"), 0));
  WINNOW_RETURN_IF_ERROR(ReadModel(At(root, "model"), &spec->bpe));
  return ReadAddedTokens(At(root, "added_tokens"), spec);
}

}  // namespace

Result<TokenizerSpec> ParseTokenizerJson(std::string_view text, const std::string& origin) {
  Json root;
  try {
    root = Json::parse(text.begin(), text.end());
  } catch (const Json::exception& error) {
    return InvalidArgument(Format("{}: is not JSON: {}", origin, error.what()));
  }
  TokenizerSpec spec;
  if (const Status status = ReadAll(root, &spec); !status.ok()) return status.WithPrefix(origin);
  return spec;
}

}  // namespace winnow::model
