# Numbers: configuration, weight files, the forward pass and the backward pass.
find_package(nlohmann_json REQUIRED)

winnow_library(NAME model
  SOURCES activations.cc base_weights.cc config.cc decoder_layer.cc embedding_gradient.cc export.cc
          float16.cc head.cc inference_pass.cc initial_values.cc
          key_spans.cc kv_pages.cc linear.cc lora.cc
          network.cc parameters.cc policy.cc rope_table.cc row_plan.cc safetensors.cc safetensors_writer.cc
          strict_json.cc training_memory.cc training_pass.cc weight_files.cc
  HEADERS activations.h base_weights.h buffer.h config.h decoder_layer.h embedding_gradient.h
          export.h float16.h head.h inference_pass.h initial_values.h
          key_spans.h kv_pages.h linear.h lora.h
          network.h parameters.h policy.h rope_table.h row_plan.h safetensors.h safetensors_writer.h
          strict_json.h training_memory.h training_pass.h weight_files.h
  DEPS winnow::device winnow::base
  PRIVATE_DEPS nlohmann_json::nlohmann_json)
# Their loops over all weights are worth vectors, which -O2 does not make.
set_source_files_properties(safetensors.cc weight_files.cc PROPERTIES COMPILE_OPTIONS "-O3")
