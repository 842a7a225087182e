find_package(nlohmann_json REQUIRED)

winnow_test(NAME text_test
  SOURCES bpe_alphabet_test.cc bpe_test.cc pre_tokenizer_dialect_test.cc
          pre_tokenizer_regex_test.cc pre_tokenizer_test.cc tokenizer_added_test.cc
          tokenizer_json_test.cc tokenizer_stream_test.cc tokenizer_test.cc unicode_case_test.cc
          unicode_tables_test.cc unicode_test.cc
  DEPS winnow::text nlohmann_json::nlohmann_json)

winnow_test(NAME golden_text_test SOURCES golden_text_test.cc
  DEPS winnow::text nlohmann_json::nlohmann_json LABELS golden)
