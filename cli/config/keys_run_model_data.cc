// Declares the sections run, model and data.
#include "cli/config/key_builder.h"

namespace winnow::cli {
namespace {

bool IsLabel(const Value& value) {
  const std::string& text = value.text;
  if (text.empty() || text.size() > 64) return false;
  const auto is_first = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (!is_first(text.front())) return false;
  for (const char c : text) {
    if (!is_first(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

bool IsNotEmpty(const Value& value) { return !value.text.empty(); }

bool HoldsPrompt(const Value& value) { return value.text.find("{prompt}") != std::string::npos; }

bool AreJsonLines(const Value& value) {
  for (const std::string& file : value.list) {
    if (file.ends_with(".parquet")) return false;
  }
  return true;
}

constexpr char kLabelRule[] = "match [a-z0-9][a-z0-9._-]{0,63}";

void DeclareRun(KeyTable* t) {
  t->Section("run");
  t->Text("name")
      .Derived("the file's stem")
      .Must(kLabelRule, IsLabel)
      .Means("label of the job")
      .Alias("trainer.experiment_name")
      .Alias("run_name");
  t->Text("project")
      .Default("winnow")
      .Must(kLabelRule, IsLabel)
      .Means("label of a set of jobs")
      .Alias("trainer.project_name");
  t->Path("dir")
      .Derived("runs/ and run.name")
      .Means("run folder")
      .Alias("trainer.default_local_dir")
      .Alias("output_dir");
  t->Enum("mode", {"sync", "async"})
      .Default("sync")
      .Means("sync: strictly on policy; async: within trainer.max_off_policy_threshold");
  t->Refuse({"trainer.v1.trainer_mode"}, "its modes are not the same; set run.mode");
  t->Add("seed", KeyType::kU64).Default("1").Means("the only seed").Alias("seed");
  t->Refuse({"data.seed", "rollout.seed", "learner.data_loader_seed"},
            "there is one seed; set run.seed");
  t->Enum("device", {"auto", "cpu", "cuda"})
      .Default("auto")
      .Means("where the job runs")
      .Alias("trainer.device");
  t->Refuse({"use_cpu"}, "it also changes the precision; set run.device: cpu");
  t->Int("threads").Default("0").In(0, 1024).Means("0 = all cores; threads never change results");
  t->Enum("log_level", {"debug", "info", "warn", "error"}).Default("info").Means("what is logged");
}

void DeclareModel(KeyTable* t) {
  t->Section("model");
  t->Path("path")
      .Required()
      .Means("folder in Hugging Face layout: the policy, version 0")
      .Alias("model_name_or_path");
  t->Path("ref_path").Nullable().Means("reference policy; null = version 0");
  t->Path("tokenizer_path").Nullable().Means("null = model.path");
  t->Path("chat_template")
      .OneOf({"model", "none"})
      .Default("model")
      .Means("Jinja template applied to message lists: model, none, or a file");
  t->Enum("dtype", {"auto", "f32", "bf16", "bf16_tile", "bf16_pair"})
      .Default("auto")
      .Means(
          "compute type; auto = bf16 where the hardware has it, else f32; bf16 = this "
          "hardware's own of bf16_tile and bf16_pair");
  t->Refuse({"bf16", "fp16"}, "it mixes precisions another way; set model.dtype");
  t->Int("lora_rank").Default("0").In(0, 1024).Means("0 = train all weights").Alias("lora_r");
  t->Number("lora_alpha").Default("16").Positive().Means("scale = alpha / rank");
  t->List("target_modules")
      .Default("all-linear")
      .Means("suffixes of the modules with adapters; all-linear = all but the head")
      .Alias("lora_target_modules");
  t->Bool("use_rslora").Default("false").Means("scale = alpha / sqrt(rank)");
  t->Path("lora_adapter_path").Nullable().Means("adapter to start from");
}

void DeclareData(KeyTable* t) {
  t->Section("data");
  constexpr char kFiles[] = "name JSON lines files (convert *.parquet)";
  t->Add("train_files", KeyType::kPathList)
      .Required()
      .Must(kFiles, AreJsonLines)
      .Means("prompts, JSON lines")
      .Alias("train_file");
  t->Add("val_files", KeyType::kPathList)
      .Default("[]")
      .Must(kFiles, AreJsonLines)
      .Means("evaluation prompts, JSON lines");
  t->Text("prompt_key")
      .Default("prompt")
      .Must("not be empty", IsNotEmpty)
      .Means("column of the prompt; a dot enters objects");
  t->Text("answer_key")
      .Default("answer")
      .Must("not be empty", IsNotEmpty)
      .Means("column of the reference answer");
  t->Text("id_key")
      .Default("id")
      .Must("not be empty", IsNotEmpty)
      .Means("column of the row's stable id");
  t->Text("reward_fn_key")
      .Default("data_source")
      .Must("not be empty", IsNotEmpty)
      .Means("column of the data source");
  t->Text("completion_key").Nullable().Means("winnow sft: column trained on; null = answer_key");
  t->Text("prompt_template")
      .Nullable()
      .Must("hold {prompt}", HoldsPrompt)
      .Means("text around a string prompt");
  t->Text("system_prompt").Nullable().Means("first message of a chat that has none");
  t->Bool("as_chat").Default("false").Means(
      "a string prompt (after prompt_template) becomes one user message");
  t->Refuse({"apply_chat_template_kwargs"},
            "templates get no other variables; set model.chat_template to a file of your own");
  t->Int("train_batch_size")
      .Default("64")
      .AtLeast(1)
      .Means("T: groups per training step, in prompts")
      .Alias("real_train_batch_size");
  t->Refuse({"per_device_train_batch_size"},
            "it counts samples per device; set data.train_batch_size (prompts)");
  t->Refuse({"generation_batch_size"}, "it counts samples; set filter.gen_batch_max (prompts)");
  t->Int("max_prompt_length").Default("512").AtLeast(1).Means("tokens").Alias("max_prompt_length");
  t->Int("max_response_length")
      .Default("512")
      .AtLeast(1)
      .Means("tokens")
      .Alias("max_completion_length");
  t->Bool("filter_overlong_prompts")
      .Default("true")
      .Means("too long prompts are dropped and counted, else data.truncation decides");
  t->Enum("truncation", {"error", "left", "right"})
      .Default("error")
      .Means("what happens to a too long prompt that is not dropped");
  t->Bool("shuffle").Default("true").Means("keyed permutation per epoch").Alias("shuffle_dataset");
  t->Int("train_max_samples").Default("-1").AtLeast(1).Also(-1).Means("first rows; -1 = all");
  t->Int("val_max_samples").Default("-1").AtLeast(1).Also(-1).Means("first rows; -1 = all");
}

}  // namespace

void DeclareRunModelData(KeyTable* table) {
  DeclareRun(table);
  DeclareModel(table);
  DeclareData(table);
}

}  // namespace winnow::cli
