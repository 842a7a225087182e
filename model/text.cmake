# Text: tokenizer and chat templates. Needs no numbers, so `winnow tokenize` needs no weights.
find_library(WINNOW_PCRE2 pcre2-8 REQUIRED)
find_library(WINNOW_UTF8PROC utf8proc REQUIRED)
find_package(nlohmann_json REQUIRED)

winnow_library(NAME text
  SOURCES bpe.cc bpe_alphabet.cc chat.cc chat_template.cc pre_tokenizer.cc pre_tokenizer_dialect.cc
          pre_tokenizer_regex.cc tokenizer.cc tokenizer_added.cc tokenizer_json.cc
          tokenizer_stream.cc unicode.cc unicode_case.cc unicode_tables.cc
          jinja/attributes.cc jinja/evaluator.cc jinja/expression_evaluator.cc
          jinja/expression_parser.cc jinja/filters.cc jinja/filters_number.cc
          jinja/filters_selection.cc jinja/filters_sequence.cc jinja/filters_text.cc
          jinja/globals.cc jinja/json_reader.cc jinja/lexer.cc jinja/loop.cc jinja/operators.cc
          jinja/parameters.cc jinja/parser.cc jinja/percent_format.cc jinja/printing.cc
          jinja/runtime.cc jinja/scope.cc jinja/string_literal.cc jinja/string_methods.cc
          jinja/text_cutting.cc jinja/token_stream.cc jinja/value.cc jinja/value_tests.cc
  HEADERS bpe.h bpe_alphabet.h chat.h chat_template.h pre_tokenizer.h pre_tokenizer_dialect.h
          pre_tokenizer_regex.h tokenizer.h tokenizer_added.h tokenizer_json.h tokenizer_stream.h
          unicode.h unicode_case.h unicode_tables.h
          jinja/ast.h jinja/attributes.h jinja/error.h jinja/evaluator.h
          jinja/expression_evaluator.h jinja/expression_parser.h jinja/filters.h jinja/globals.h
          jinja/json_reader.h jinja/lexer.h jinja/loop.h jinja/operators.h jinja/parameters.h
          jinja/parser.h jinja/percent_format.h jinja/printing.h jinja/runtime.h jinja/scope.h
          jinja/string_literal.h jinja/string_methods.h jinja/text_cutting.h
          jinja/token_stream.h jinja/value.h jinja/value_tests.h
  DEPS winnow::base
  PRIVATE_DEPS nlohmann_json::nlohmann_json ${WINNOW_PCRE2} ${WINNOW_UTF8PROC})
