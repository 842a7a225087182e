#include "base/format.h"

#include <algorithm>

#include "reward/builtin/answer_verifier.h"
#include "reward/builtin/entry.h"

namespace winnow::reward {
namespace {

// Positions of `token` in `text`: the first, and whether there is another.
struct Place {
  size_t at = std::string_view::npos;
  bool once = false;
};
Place Find(std::string_view text, std::string_view token) {
  const size_t at = text.find(token);
  return {at, at != std::string_view::npos && text.find(token, at + 1) == std::string_view::npos};
}

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// Each tag opens and closes exactly once, in the order given, with only white space behind the
// last; the text has between min_length and max_length characters. Judges form alone.
class FormatVerifier final : public Verifier {
 public:
  struct Options {
    std::vector<std::string> tags;
    Thinking thinking = Thinking::kNone;  // kOpen: the prompt holds the first opening tag
    double min_length = 0;
    double max_length = 0;
  };
  explicit FormatVerifier(Options options) : options_(std::move(options)) {}

  const Traits& traits() const override { return traits_; }
  void Verify(std::span<const Sample> samples, Deadline, std::span<Verdict> out) override {
    for (size_t i = 0; i < samples.size(); ++i) {
      out[i] = samples[i].finish == FinishReason::kError
                   ? Verdict::Invalid("the response was not delivered whole")
                   : Verdict::Scored(IsWellFormed(samples[i].response) ? 1.0f : 0.0f);
    }
  }

 private:
  bool IsWellFormed(std::string_view text) const {
    if (text.size() > kMaxResponseBytes) return false;
    const double length = static_cast<double>(Characters(text));
    if (length < options_.min_length || length > options_.max_length) return false;
    size_t end = 0;
    for (size_t i = 0; i < options_.tags.size(); ++i) {
      const std::string& tag = options_.tags[i];
      const Place open = Find(text, "<" + tag + ">");
      const Place close = Find(text, "</" + tag + ">");
      size_t begin = end;
      if (i == 0 && options_.thinking == Thinking::kOpen) {
        if (open.at != std::string_view::npos) return false;
      } else {
        if (!open.once || open.at < end) return false;
        begin = open.at + tag.size() + 2;
      }
      if (!close.once || close.at < begin) return false;
      end = close.at + tag.size() + 3;
    }
    return options_.tags.empty() || TrimSpaces(text.substr(end)).empty();
  }

  const Options options_;
  const Traits traits_{.name = "format", .needs_reference = false};
};

bool IsTagName(const std::string& tag) {
  return !tag.empty() && std::all_of(tag.begin(), tag.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
}

Result<std::unique_ptr<Verifier>> Make(OptionReader& options) {
  FormatVerifier::Options read;
  read.tags = options.List("tags");
  for (const std::string& tag : read.tags) {
    if (!IsTagName(tag)) options.Refuse("tags", "names of tags", tag);
  }
  read.thinking =
      options.Choice("thinking", {"none", "open"}) == 1 ? Thinking::kOpen : Thinking::kNone;
  read.min_length = options.Number("min_length", 0, 1 << 20);
  read.max_length = options.Number("max_length", 0, 1 << 20);
  return std::unique_ptr<Verifier>(std::make_unique<FormatVerifier>(std::move(read)));
}

}  // namespace

VerifierEntry FormatEntry() {
  return {"format",
          "tags present once, in order, nothing after",
          {{"tags", "think,answer", "the tags in their order"},
           {"thinking", "none", "none | open: has the prompt opened the first tag"},
           {"min_length", "0", "least characters of the response"},
           {"max_length", "1048576", "most characters of the response"}},
          Make};
}

}  // namespace winnow::reward
