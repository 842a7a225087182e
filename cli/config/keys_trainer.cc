// Declares the sections trainer, placement and metrics.
#include "cli/config/key_builder.h"

namespace winnow::cli {
namespace {

bool IsNotEmpty(const Value& value) { return !value.text.empty(); }

void DeclareTrainer(KeyTable* t) {
  t->Section("trainer");
  t->Int("total_training_steps")
      .Nullable()
      .AtLeast(1)
      .Means("updates of the policy version; the first limit reached ends the run");
  t->Refuse({"max_steps"}, "it counts optimizer updates; set trainer.total_training_steps");
  t->Int("total_epochs")
      .Nullable()
      .AtLeast(1)
      .Means("passes over the data")
      .Alias("num_train_epochs");
  t->Int("save_freq")
      .Default("50")
      .AtLeast(1)
      .Also(-1)
      .Means("steps between checkpoints; -1 = at the end only");
  t->Int("max_actor_ckpt_to_keep")
      .Default("3")
      .AtLeast(1)
      .Means("newest checkpoints kept")
      .Alias("save_total_limit");
  t->Int("keep_every")
      .Default("0")
      .AtLeast(0)
      .Means("checkpoints of every Nth step stay; 0 = none");
  t->Refuse({"save_steps", "eval_steps"},
            "it counts optimizer updates; set trainer.save_freq and trainer.test_freq");
  t->Int("test_freq")
      .Default("-1")
      .AtLeast(1)
      .Also(-1)
      .Means("steps between evaluations; -1 = never");
  t->Bool("val_before_train").Default("false").Means("evaluate version 0");
  t->Bool("val_only").Default("false").Means("evaluate and end");
  t->Enum("resume_mode", {"auto", "disable", "resume_path"})
      .Default("auto")
      .Means("disable refuses a run folder with checkpoints");
  t->Path("resume_from_path").Nullable().Means("checkpoint, with resume_path");
  t->Enum("export", {"merged", "adapter", "none"})
      .Default("merged")
      .Means("model written at the end, Hugging Face layout");
  t->Int("max_off_policy_threshold")
      .Derived("run.mode: async 1, sync 0")
      .In(0, 64)
      .Means("staleness bound, in policy versions")
      .Alias("max_staleness");
}

void DeclarePlacement(KeyTable* t) {
  t->Section("placement");
  t->Enum("mode", {"colocated", "local", "cluster"})
      .Default("colocated")
      .Means("how the roles are laid out");
  t->Int("actors").Default("1").In(1, 4096).Means("rollout workers");
  t->Int("learner_ranks").Default("1").In(1, 4096).Means("data-parallel learners");
  t->Add("actor_devices", KeyType::kDevices).Nullable("auto").Means("0-3 or [0, 2]");
  t->Add("learner_devices", KeyType::kDevices)
      .Nullable("auto")
      .Means("0-3 or [0, 2]; in sync mode devices may be in both lists");
  t->Int("nnodes")
      .Default("1")
      .In(1, 4096)
      .Means("checked against what is there")
      .Alias("trainer.nnodes");
  t->Int("n_gpus_per_node")
      .Nullable("auto")
      .In(0, 1024)
      .Means("checked against what is there")
      .Alias("trainer.n_gpus_per_node");
  t->Enum("launcher", {"auto", "slurm", "kubernetes", "env"})
      .Default("auto")
      .Means("who sets the rank variables");
  t->Text("listen")
      .Default("tcp://*:0")
      .Must("not be empty", IsNotEmpty)
      .Means("address of the orchestrator");
  t->Bool("trusted_network").Default("false").Means("weights may travel without authentication");
  t->Enum("weight_channel", {"auto", "broadcast", "pull"})
      .Default("auto")
      .Means("how new weights reach the actors");
}

void DeclareMetrics(KeyTable* t) {
  t->Section("metrics");
  constexpr char kEvents[] = "read the TensorBoard events with its own importer";
  t->List("logger")
      .OneOf({"console", "jsonl", "tensorboard", "prometheus"})
      .Default("[console, jsonl, tensorboard]")
      .Means("where metrics go")
      .RefuseWord("wandb", kEvents)
      .RefuseWord("mlflow", kEvents)
      .RefuseWord("swanlab", kEvents)
      .Alias("trainer.logger")
      .Alias("report_to");
  t->Int("rollouts_per_step").Default("8").AtLeast(0).Means("stored sample rollouts");
  t->Refuse({"trainer.rollout_data_dir"},
            "rollouts are stored in the run folder; set metrics.rollouts_per_step");
  t->Int("web_port").Nullable().In(1, 65535).Means("pages on the run");
  t->Int("prometheus_port").Nullable().In(1, 65535).Means("metrics for Prometheus");
  t->Number("peak_tflops").Nullable().Positive().Means("for MFU; null = measured");
}

}  // namespace

void DeclareTrainerPlacementMetrics(KeyTable* table) {
  DeclareTrainer(table);
  DeclarePlacement(table);
  DeclareMetrics(table);
}

}  // namespace winnow::cli
