// Declares the section reward; options that one verifier reads stand under it too.
#include "cli/config/key_builder.h"

namespace winnow::cli {
namespace {

bool IsExtraction(const Value& value) {
  const std::string& text = value.text;
  if (text == "auto" || text == "boxed" || text == "last_number" || text == "whole") return true;
  return (text.starts_with("tag:") && text.size() > 4) ||
         (text.starts_with("after:") && text.size() > 6);
}

bool IsNotEmpty(const Value& value) { return !value.text.empty(); }

bool AreNumbers(const Value& value) {
  double number = 0;
  for (const YamlNode& item : value.map.items) {
    if (item.kind != YamlNode::Kind::kScalar || !ParseNumber(item.text, &number)) return false;
  }
  return true;
}

bool AreWords(const Value& value) {
  for (const YamlNode& item : value.map.items) {
    if (item.kind != YamlNode::Kind::kScalar) return false;
  }
  return true;
}

bool AreOptionMaps(const Value& value) {
  for (const YamlNode& part : value.map.items) {
    if (part.kind != YamlNode::Kind::kMap) return false;
    for (const YamlNode& option : part.items) {
      if (option.kind == YamlNode::Kind::kNull) return false;
    }
  }
  return true;
}

void DeclareSources(KeyTable* t) {
  t->Text("verifier")
      .Nullable()
      .Must("not be empty", IsNotEmpty)
      .Means("name of a verifier; exactly one reward source is given");
  t->Path("custom_reward_function.path")
      .Nullable()
      .Alias("custom_reward_function.path")
      .Means("Python file of a reward function");
  t->Text("custom_reward_function.name")
      .Nullable()
      .Alias("custom_reward_function.name")
      .Means("function in it");
  t->Enum("custom_reward_function.style",
          {"auto", "winnow", "verl", "trl", "reasoning_gym", "nemo_gym"})
      .Default("auto")
      .Alias("custom_reward_function.style")
      .Means("how it is called");
  t->Text("url").Nullable().Means("HTTP verifier");
  t->List("command").Nullable().Means("verifier program and its arguments");
}

void DeclareOptions(KeyTable* t) {
  t->Text("extract")
      .Default("auto")
      .Must("be one of boxed, tag:NAME, after:TEXT, last_number, whole, auto", IsExtraction)
      .Means("where the answer is")
      .Alias("extract");
  t->Number("no_answer")
      .Default("0.0")
      .Nullable("invalid")
      .Alias("no_answer")
      .Means("reward of a response without an answer; invalid masks it instead");
  t->Add("reward_kwargs", KeyType::kMap)
      .Default("{}")
      .Alias("reward_kwargs")
      .Means("arguments of a custom function");
  t->Add("reward_weights", KeyType::kNumberList)
      .Nullable()
      .Alias("reward_weights")
      .Means("weights of several custom functions");
  t->Add("weights", KeyType::kMap)
      .Default("{}")
      .Must("give a number to each verifier", AreNumbers)
      .ReadBy({"compose"})
      .Means("compose: verifier = weight")
      .Alias("weights");
  t->Enum("thinking", {"none", "open"})
      .Default("none")
      .Means("open: the prompt has already opened the thinking part");
}

// verifiers.md §4, in its order.
void DeclareVerifierOptions(KeyTable* t) {
  t->Bool("ignore_case").Default("false").ReadBy({"exact"}).Means("compare without case");
  t->Number("abs").Default("0").AtLeast(0).ReadBy({"numeric"}).Means("absolute tolerance");
  t->Number("rel")
      .Derived("the verifier: numeric 1e-6, else 0")
      .AtLeast(0)
      .ReadBy({"numeric", "math"})
      .Means("relative tolerance");
  t->Enum("units", {"ignore", "require"})
      .Default("ignore")
      .ReadBy({"math"})
      .Means("units are stripped or compared");
  t->Enum("percent", {"value", "either"})
      .Default("either")
      .ReadBy({"math"})
      .Means("5% is 0.05, or also 5");
  t->Bool("ordered").Default("false").ReadBy({"math"}).Means("sets and bare lists keep order");
  t->Text("pattern").Nullable().ReadBy({"regex"}).Means("RE2 pattern");
  t->Text("group").Nullable().ReadBy({"regex"}).Means(
      "number or name of the group compared with the reference");
  t->Enum("match", {"full", "partial"})
      .Default("partial")
      .ReadBy({"regex"})
      .Means("the whole text or a part of it");
  t->List("tags").Default("[think, answer]").ReadBy({"format"}).Means("tags, once and in order");
  t->Int("min_length")
      .Default("0")
      .AtLeast(0)
      .ReadBy({"format"})
      .Means("least characters of the response");
  t->Int("max_length")
      .Default("1048576")
      .AtLeast(0)
      .ReadBy({"format"})
      .Means("most characters of the response");
  t->Text("choices")
      .Default("choices")
      .ReadBy({"multiple_choice"})
      .Means("column of the options' texts");
  t->Text("numbers_key")
      .Default("metadata.numbers")
      .ReadBy({"countdown"})
      .Means("column of the numbers");
  t->Text("target_key")
      .Default("metadata.target")
      .ReadBy({"countdown"})
      .Means("column of the target");
  t->Bool("use_all").Default("true").ReadBy({"countdown"}).Means("every number must be used");
  t->Number("well_formed")
      .Default("0.0")
      .ReadBy({"countdown"})
      .Means("reward of a readable but wrong expression");
  t->Bool("partial").Default("false").ReadBy({"json", "code"}).Means("share of right parts");
  t->Text("language").Default("python").ReadBy({"code"}).Means("python, cpp, or a command");
  t->Number("cpu_s").Default("5").Positive().ReadBy({"code"}).Means("CPU limit of a program");
  t->Int("max_tests").Default("64").AtLeast(1).ReadBy({"code"}).Means("tests of a program");
  t->Enum("count", {"total", "longest_path"})
      .Default("total")
      .Means("overlong: tokens of all branches or of the longest path");
  t->List("gate")
      .Default("[]")
      .ReadBy({"compose"})
      .Means("verifiers that must all give more than 0");
  t->Number("floor").Default("0.0").ReadBy({"compose"}).Means("reward where a gate fails");
  t->Enum("combine", {"sum", "min"})
      .Default("sum")
      .ReadBy({"compose"})
      .Means("weighted sum, or the smallest part");
  t->Enum("by", {"none", "data_source"})
      .Default("none")
      .ReadBy({"compose"})
      .Means("data_source: one verifier per data source");
  t->Add("routes", KeyType::kMap)
      .Default("{}")
      .Must("give a verifier to each data source", AreWords)
      .ReadBy({"compose"})
      .Means("with by: data source = verifier");
  t->Text("default")
      .Nullable()
      .ReadBy({"compose"})
      .Means("with by: verifier of data sources without a route");
  t->Add("parts", KeyType::kMap)
      .Default("{}")
      .Must("give a map of options to each verifier", AreOptionMaps)
      .ReadBy({"compose"})
      .Means("compose: verifier = its own options; `verifier` in it gives another name a kind");
}

void DeclarePool(KeyTable* t) {
  t->Int("min_scored").Default("2").AtLeast(1).Means("scored samples a group needs");
  t->Number("max_unknown_fraction")
      .Default("0.05")
      .In(0, 1)
      .Means("unknown verdicts of a window, then the run pauses");
  t->Number("pause_limit_s").Default("600").AtLeast(0).Means("then it ends with 75");
  t->Number("audit_fraction").Default("0.01").In(0, 1).Means("samples scored twice");
  t->Number("timeout_s").Default("10").Positive().Means("of one plug-in call");
  t->Int("retries").Default("2").In(0, 16).Means("of an unknown verdict");
  t->Int("num_workers").Derived("half of the cores").AtLeast(1).Means("verifier processes");
  t->Int("memory_mb")
      .Derived("the verifier: code 512, else 2048")
      .AtLeast(1)
      .Means("of a worker, or of a judged program");
  t->Int("max_connections").Default("32").AtLeast(1).Means("to an HTTP verifier");
  t->Text("python").Default("python3").Must("not be empty", IsNotEmpty).Means("interpreter");
  t->Enum("frames", {"binary", "lines"}).Default("binary").Means("protocol of `command`");
  t->Bool("sandbox.unsafe").Default("false").Means("run code without namespaces");
}

}  // namespace

void DeclareReward(KeyTable* t) {
  t->Section("reward");
  DeclareSources(t);
  DeclareOptions(t);
  DeclareVerifierOptions(t);
  t->Number("min").Derived("the verifier's range, else -10").Means("a reward below it is an error");
  t->Number("max").Derived("the verifier's range, else 10").Means("a reward above it is an error");
  DeclarePool(t);
  const auto add = [&](KeyBuilder builder, const std::string& leaf) {
    builder.Alias("reward.reward_kwargs.overlong_buffer_cfg." + leaf)
        .Alias("reward_model.overlong_buffer." + leaf);
  };
  add(t->Bool("overlong_buffer.enable")
          .Default("false")
          .Means("adds the overlong verifier with weight 1"),
      "enable");
  add(t->Int("overlong_buffer.len")
          .Nullable()
          .AtLeast(1)
          .Means("tokens before the limit in which the penalty grows"),
      "len");
  add(t->Number("overlong_buffer.penalty_factor")
          .Default("1.0")
          .AtLeast(0)
          .Means("penalty at the limit"),
      "penalty_factor");
}

}  // namespace winnow::cli
