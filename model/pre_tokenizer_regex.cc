#include "model/pre_tokenizer_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

#include "base/check.h"
#include "base/format.h"
#include "model/pre_tokenizer_dialect.h"
#include "model/unicode.h"

namespace winnow::model {
namespace {

std::string PcreMessage(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

PreTokenizerRegex::Scratch::Scratch() : match_data_(pcre2_match_data_create(1, nullptr)) {
  WINNOW_CHECK(match_data_ != nullptr);
}

PreTokenizerRegex::Scratch::~Scratch() {
  pcre2_match_data_free(static_cast<pcre2_match_data*>(match_data_));
}

Result<PreTokenizerRegex> PreTokenizerRegex::Compile(std::string_view pattern) {
  WINNOW_ASSIGN_OR_RETURN(const std::string translated, TranslateOniguruma(pattern));
  return CompileTranslated(translated);
}

Result<PreTokenizerRegex> PreTokenizerRegex::CompileLiteral(std::string_view literal) {
  if (!IsValidUtf8(literal)) return InvalidArgument("pattern must be UTF-8");
  if (literal.find('\0') != std::string_view::npos) {
    return InvalidArgument("pattern must not hold a NUL character");
  }
  if (WithStandIns(literal) != literal) {
    return InvalidArgument(Format("pattern holds a character newer than PCRE2: `{}`", literal));
  }
  constexpr std::string_view kSpecial = "\\^$.[]|()?*+{}-#&~";
  std::string escaped;
  for (char c : literal) {
    if (kSpecial.find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return CompileTranslated(escaped);
}

Result<PreTokenizerRegex> PreTokenizerRegex::CompileTranslated(const std::string& pattern) {
  // Ruby's ^ and $ match at every line.
  constexpr uint32_t kOptions = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE;
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  WINNOW_CHECK(context != nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                   kOptions, &error, &offset, context);
  pcre2_compile_context_free(context);
  if (code == nullptr) {
    return InvalidArgument(Format("pattern does not compile at byte {} of `{}`: {}", offset,
                                  pattern, PcreMessage(error)));
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without it, matching is slower and equal
  return PreTokenizerRegex(std::shared_ptr<const void>(code, [](const void* p) {
    pcre2_code_free(const_cast<pcre2_code*>(static_cast<const pcre2_code*>(p)));
  }));
}

void PreTokenizerRegex::FindAll(std::string_view subject, Scratch* scratch,
                                std::vector<TextRange>* matches) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  auto* data = static_cast<pcre2_match_data*>(scratch->match_data_);
  const auto* text = reinterpret_cast<PCRE2_SPTR>(subject.data());
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data);
  size_t from = 0;
  size_t last_end = std::string_view::npos;  // of the match before
  while (from <= subject.size()) {
    int found = pcre2_match(code, text, subject.size(), from, PCRE2_NO_UTF_CHECK, data, nullptr);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
      found = pcre2_match(code, text, subject.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data,
                          nullptr);
    }
    if (found < 0) return;
    const TextRange match{bounds[0], bounds[1]};
    if (match.size() == 0 && match.end == last_end) {  // would never advance
      from += from < subject.size() ? DecodeUtf8(subject, from).size_bytes : 1;
      continue;
    }
    matches->push_back(match);
    from = last_end = match.end;
  }
}

}  // namespace winnow::model
