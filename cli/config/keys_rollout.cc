// Declares the sections rollout and filter.
#include "cli/config/key_builder.h"

namespace winnow::cli {
namespace {

void DeclareSpeculation(KeyTable* t) {
  t->List("speculation.sources")
      .OneOf({"suffix", "ngram", "model", "recycling", "self"})
      .Default("[suffix, ngram]")
      .Means("draft sources; [] = plain decoding");
  t->Enum("speculation.verification", {"match", "rejection", "block"})
      .Default("match")
      .Means("match: the same tokens as plain decoding");
  t->Int("speculation.max_draft").Default("15").In(1, 64).Means("draft tokens of one sequence");
  t->Int("speculation.max_nodes").Default("64").In(1, 64).Means("nodes of a draft tree");
  t->Path("speculation.draft_model").Nullable().Means("model of the source `model`");
  t->Int("speculation.history_visits")
      .Default("2")
      .In(0, 64)
      .Means("earlier rollouts of a prompt that serve as drafts");
  t->Add("speculation.history_bytes", KeyType::kSize)
      .Default("1GiB")
      .Means("cap of the response cache");
  t->Number("speculation.min_gain")
      .Default("0.03")
      .In(0, 1)
      .Means("predicted gain below which no drafts are made");
}

void DeclareParallel(KeyTable* t) {
  t->Bool("parallel.enabled").Default("false").Means("parallel branches");
  t->Path("parallel.dialect")
      .OneOf({"multiverse"})
      .Default("multiverse")
      .Means("tags: multiverse, or a YAML file");
  t->Int("parallel.max_paths").Default("8").In(1, 64).Means("paths of a block");
  t->Int("parallel.max_depth").Default("2").In(1, 4).Means("nesting of blocks");
  t->Int("parallel.max_blocks").Default("32").AtLeast(1).Means("blocks of a branch");
  t->Int("parallel.max_total_tokens")
      .Derived("4 x data.max_response_length")
      .AtLeast(1)
      .Means("tokens of all branches of a sample");
  t->Int("parallel.min_path_tokens").Default("16").AtLeast(1).Means("room a path must have");
  t->Int("parallel.merge_reserve")
      .Default("64")
      .AtLeast(0)
      .Means("tokens kept for the text after a merge");
}

}  // namespace

void DeclareRollout(KeyTable* t) {
  t->Section("rollout");
  t->Int("n").Default("8").In(1, 1024).Means("samples per prompt").Alias("num_generations");
  t->Number("temperature")
      .Default("1.0")
      .Positive()
      .Means("of the law sampled from and trained on")
      .Alias("temperature");
  t->Number("top_p").Default("1.0").In(0, 1).LowOpen().Means("nucleus; 1 = off").Alias("top_p");
  t->Int("top_k").Default("0").AtLeast(-1).Means("0 or -1 = off").Alias("top_k");
  t->Enum("sampler", {"inverse_cdf", "gumbel"})
      .Default("inverse_cdf")
      .Means("how a token is drawn from the law");
  t->List("stop").Default("[]").Means("strings that end a response");
  t->Int("min_tokens").Default("0").AtLeast(0).Means("no end of sequence before these");
  t->Bool("ignore_eos").Default("false").Means("go on after the end of sequence");
  t->Refuse({"repetition_penalty"}, "the law would depend on the path; it is not offered");
  t->Refuse({"min_p", "rollout.min_p"}, "it is not offered; set rollout.top_p or rollout.top_k");
  t->Int("max_num_seqs").Default("256").AtLeast(1).Means("live branches");
  t->Int("max_num_batched_tokens").Default("8192").AtLeast(1).Means("rows of a pass");
  t->Number("gpu_memory_utilization")
      .Default("0.6")
      .In(0, 0.95)
      .LowOpen()
      .Means("share of memory for weights and KV pool");
  t->Add("kv_cache_bytes", KeyType::kSize).Nullable().Means("KV pool; wins over the share");
  t->Bool("enable_prefix_caching").Default("true").Means("never changes tokens");
  t->Bool("enable_chunked_prefill").Default("true").Means("never changes tokens");
  t->Int("val_kwargs.n").Default("1").In(1, 1024).Means("evaluation: samples per prompt");
  t->Number("val_kwargs.temperature").Default("0").AtLeast(0).Means("evaluation; 0 = greedy");
  t->Number("val_kwargs.top_p").Default("1.0").In(0, 1).LowOpen().Means("evaluation");
  t->Int("val_kwargs.top_k").Default("0").AtLeast(-1).Means("evaluation; 0 or -1 = off");
  t->Refuse({"rollout.val_kwargs.do_sample"}, "set rollout.val_kwargs.temperature; 0 is greedy");
  DeclareSpeculation(t);
  DeclareParallel(t);
  t->Enum("allocate", {"fixed", "dars"}).Default("fixed").Means("extra samples for hard prompts");
  t->Enum("dars.schedule", {"equal", "hard"}).Default("equal").Means("how many of them");
  t->Int("dars.n_max").Derived("4 x rollout.n").AtLeast(1).Means("samples of a prompt at most");
}

namespace {

bool IsPartName(const Value& value) {
  if (value.text.empty() || value.text.size() > 48) return false;
  for (const char c : value.text) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    if (!is_word) return false;
  }
  return true;
}

void DeclareExploration(KeyTable* t) {
  t->Number("p_easy").Default("0.5").Alias("p_easy").Means(
      "base exploration probability of easy prompts, in [p_min, p_max]");
  t->Number("p_hard").Default("0.5").Alias("p_hard").Means(
      "base exploration probability of hard prompts, in [p_min, p_max]");
  t->Number("p_min")
      .Default("0.05")
      .In(0, 1)
      .LowOpen()
      .Means("p adapts down to this")
      .Alias("filter.min_p");
  t->Number("p_max")
      .Default("0.95")
      .In(0, 1)
      .LowOpen()
      .Means("p adapts up to this")
      .Alias("filter.max_p");
  t->Number("step").Default("0.01").In(0, 0.5).Means("of the adaptation; 0 fixes p");
  t->Number("floor").Default("0.01").In(0, 1).Means("least probability of generating a prompt");
  t->Number("target_zero_variance")
      .Default("0.25")
      .In(0, 1)
      .LowOpen()
      .HighOpen()
      .Means("zero-variance share aimed at: a third easy, two thirds hard")
      .Alias("target_zero_variance");
}

void DeclareVariants(KeyTable* t) {
  t->Number("shadow_rate")
      .Default("0")
      .In(0, 0.1)
      .Means("share of skipped prompts generated too, only to be measured");
  t->Number("skip_rate").Nullable().In(0, 0.99).Means("random_skip: share to skip");
  t->Path("skip_rate_from").Nullable().Means("random_skip: metrics.jsonl of another run");
  t->Number("band_low").Default("0.2").Means("band: least mean reward trained on");
  t->Number("band_high").Default("0.8").Means("band: largest mean reward trained on");
  t->Number("mopps.lambda").Default("1").In(0, 1).Means("mopps: memory of the posterior");
  t->Number("mopps.target")
      .Default("0.5")
      .In(0, 1)
      .LowOpen()
      .HighOpen()
      .Means("mopps: success rate aimed at");
  t->Number("mopps.prior_alpha").Default("1").In(1, 1000).Means("mopps: prior");
  t->Number("mopps.prior_beta").Default("1").In(1, 1000).Means("mopps: prior");
  t->Int("mopps.candidate_factor").Default("16").In(1, 64).Means("mopps: offers per place");
  t->Int("n_gpus").Default("8").AtLeast(1).Means("reference mode: GPUs of a node");
  t->Int("dl_batch").Default("32").AtLeast(1).Means("reference mode: grain of the data loader");
  t->Bool("full_sampling_bs").Default("false").Means("reference mode: waves are exactly D");
}

}  // namespace

void DeclareFilter(KeyTable* t) {
  t->Section("filter");
  t->Enum("type", {"none", "dynamic_sampling", "greso", "random_skip", "mopps", "band"})
      .Default("greso")
      .Means("which prompts are generated, and which groups trained on")
      .AliasAs("algorithm.filter_groups.enable", {{"true", "dynamic_sampling"}, {"false", "none"}});
  t->Enum("mode", {"winnow", "reference"})
      .Default("winnow")
      .Means("reference: the published code's behaviour, quirks included");
  DeclareExploration(t);
  t->Text("metric")
      .Default("reward")
      .Must("be reward or the name of a verdict part", IsPartName)
      .Means("what a group's class is taken from")
      .Alias("algorithm.filter_groups.metric");
  t->Number("midpoint")
      .Derived("the middle of reward.min and reward.max")
      .Means("a zero-variance group above it is easy, else hard");
  t->Number("tolerance").Default("1e-6").AtLeast(0).Means("zero variance: max - min at most this");
  t->Bool("reset_history").Default("false").Means("forget a store that was made otherwise");
  t->Int("gen_batch_max")
      .Derived("ceil(1.5 x data.train_batch_size)")
      .AtLeast(1)
      .Means("D: largest wave, in prompts")
      .Alias("sampling_batch_size");
  t->Refuse({"data.gen_batch_size"}, "it is the size of every batch; set filter.gen_batch_max");
  t->Int("gen_batch_min")
      .Derived("min(64, filter.gen_batch_max)")
      .AtLeast(1)
      .Means("M: smallest wave, in prompts");
  t->Number("safety_factor").Default("1.25").In(1, 10).Means("wave size per missing group");
  t->Bool("adaptive_batch").Default("true").Means("false: every wave is D");
  t->Int("max_num_gen_batches")
      .Default("0")
      .AtLeast(0)
      .Means("waves of a step, then it trains on what there is; 0 = no limit")
      .Alias("algorithm.filter_groups.max_num_gen_batches");
  t->Int("max_empty_steps")
      .Default("10")
      .AtLeast(1)
      .Means("steps without a trainable group, then the run ends");
  DeclareVariants(t);
}

}  // namespace winnow::cli
