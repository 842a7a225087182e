find_package(nlohmann_json REQUIRED)

winnow_test(NAME golden_text_test SOURCES golden_text_test.cc
  DEPS winnow::text nlohmann_json::nlohmann_json LABELS golden)
