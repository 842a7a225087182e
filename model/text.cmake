# Text: tokenizer and chat templates. Needs no numbers, so `winnow tokenize` needs no weights.
find_library(WINNOW_PCRE2 pcre2-8 REQUIRED)
find_library(WINNOW_UTF8PROC utf8proc REQUIRED)
find_package(nlohmann_json REQUIRED)

winnow_library(NAME text
  SOURCES bpe.cc bpe_alphabet.cc pre_tokenizer.cc pre_tokenizer_dialect.cc pre_tokenizer_regex.cc
          tokenizer.cc tokenizer_added.cc tokenizer_json.cc tokenizer_stream.cc unicode.cc
          unicode_case.cc unicode_tables.cc
  HEADERS bpe.h bpe_alphabet.h pre_tokenizer.h pre_tokenizer_dialect.h pre_tokenizer_regex.h tokenizer.h tokenizer_added.h
          tokenizer_json.h tokenizer_stream.h unicode.h unicode_case.h unicode_tables.h
  DEPS winnow::base
  PRIVATE_DEPS nlohmann_json::nlohmann_json ${WINNOW_PCRE2} ${WINNOW_UTF8PROC})
