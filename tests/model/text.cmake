find_package(nlohmann_json REQUIRED)

winnow_test(NAME text_test
  SOURCES bpe_alphabet_test.cc bpe_test.cc pre_tokenizer_dialect_test.cc
          pre_tokenizer_regex_test.cc pre_tokenizer_test.cc tokenizer_added_test.cc
          tokenizer_json_test.cc tokenizer_stream_test.cc tokenizer_test.cc unicode_case_test.cc
          unicode_tables_test.cc unicode_test.cc
  DEPS winnow::text nlohmann_json::nlohmann_json)

winnow_test(NAME chat_template_test
  SOURCES chat_template_test.cc chat_test.cc jinja/attributes_test.cc jinja/evaluator_test.cc
          jinja/expression_evaluator_test.cc jinja/expression_parser_test.cc
          jinja/filters_number_test.cc jinja/filters_selection_test.cc
          jinja/filters_sequence_test.cc jinja/filters_test.cc jinja/filters_text_test.cc
          jinja/globals_test.cc jinja/json_reader_test.cc jinja/lexer_test.cc jinja/loop_test.cc
          jinja/operators_test.cc jinja/parameters_test.cc jinja/parser_test.cc
          jinja/percent_format_test.cc jinja/printing_test.cc jinja/runtime_test.cc
          jinja/scope_test.cc jinja/string_literal_test.cc jinja/string_methods_test.cc
          jinja/text_cutting_test.cc jinja/token_stream_test.cc jinja/value_test.cc
          jinja/value_tests_test.cc
  DEPS winnow::text)

winnow_test(NAME golden_text_test SOURCES golden_text_test.cc
  DEPS winnow::text nlohmann_json::nlohmann_json LABELS golden)
