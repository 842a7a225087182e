find_package(nlohmann_json REQUIRED)

winnow_test(NAME golden_models_test SOURCES golden_models_test.cc
  DEPS winnow::model nlohmann_json::nlohmann_json LABELS golden)


winnow_test(NAME model_test
  SOURCES activations_test.cc base_weights_test.cc config_test.cc decoder_layer_test.cc
          embedding_gradient_test.cc export_test.cc float16_test.cc gradient_check_test.cc
          head_test.cc inference_pass_test.cc initial_values_test.cc key_spans_test.cc
          kv_pages_test.cc linear_test.cc lora_test.cc network_test.cc parameters_test.cc
          policy_test.cc rope_table_test.cc row_plan_test.cc safetensors_test.cc safetensors_writer_test.cc strict_json_test.cc training_memory_test.cc training_pass_test.cc
          weight_files_test.cc
  DEPS winnow::model nlohmann_json::nlohmann_json)

