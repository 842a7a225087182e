#include "reward/arithmetic.h"

#include <array>
#include <utility>

namespace winnow::reward {
namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxNodes = 1000;

// expression := term (('+' | '-') term)*    term := factor (('*' | '/') factor)*
// factor := ('+' | '-') factor | '(' expression ')' | digits | \frac{expression}{expression}
class ArithmeticReader {
 public:
  explicit ArithmeticReader(std::string_view text) : text_(text) {}

  std::optional<Arithmetic> Read() {
    Arithmetic result;
    result.value = Expression();
    if (failed_ || Peek() != '\0' || numbers_.empty()) return std::nullopt;
    if (undefined_) result.value.reset();
    result.numbers = std::move(numbers_);
    return result;
  }

 private:
  using Value = std::optional<Rational>;

  // The next operator, bracket or digit with look-alikes folded; '\0' at the end, '?' if unknown.
  char Peek() {
    static constexpr std::array<std::pair<std::string_view, char>, 19> kFolds = {{
        {" ", ' '},
        {"\t", ' '},
        {"\n", ' '},
        {"\r", ' '},
        {"\\,", ' '},
        {"\\left", ' '},
        {"\\right", ' '},
        {"\\times", '*'},
        {"\\cdot", '*'},
        {"\\div", '/'},
        {"\xC3\x97", '*'},
        {"\xC2\xB7", '*'},
        {"\xE2\x8B\x85", '*'},
        {"\xE2\x88\x97", '*'},
        {"\xC3\xB7", '/'},
        {"\xE2\x88\x92", '-'},
        {"\xE2\x80\x93", '-'},
        {"\\frac", 'f'},
        {"\\dfrac", 'f'},
    }};
    while (true) {
      if (at_ >= text_.size()) return '\0';
      size_ = 1;
      char folded = text_[at_];
      for (const auto& [token, as] : kFolds) {
        if (text_.substr(at_).starts_with(token)) {
          folded = as;
          size_ = token.size();
          break;
        }
      }
      if (folded != ' ') return folded == 'x' && !numbers_.empty() ? '*' : folded;
      at_ += size_;
    }
  }
  void Next() { at_ += size_; }
  bool Take(char token) {
    if (Peek() != token) return false;
    Next();
    return true;
  }
  Value Fail() {
    failed_ = true;
    return std::nullopt;
  }
  Value Known(Value value) {
    if (!value) undefined_ = true;
    return value;
  }

  Value Expression() {
    if (++depth_ > kMaxDepth) return Fail();
    Value sum = Term();
    while (!failed_) {
      const char op = Peek();
      if (op != '+' && op != '-') break;
      Next();
      const Value term = Term();
      if (failed_) break;
      if (!sum || !term) continue;
      sum = Known(op == '+' ? Add(*sum, *term) : Subtract(*sum, *term));
    }
    --depth_;
    return sum;
  }
  Value Term() {
    Value product = Factor();
    while (!failed_) {
      const char op = Peek();
      if (op != '*' && op != '/') break;
      Next();
      if (op == '*' && at_ < text_.size() && text_[at_] == '*') return Fail();
      const Value factor = Factor();
      if (failed_) break;
      if (!product || !factor) continue;
      product = Known(op == '*' ? Multiply(*product, *factor) : Divide(*product, *factor));
    }
    return product;
  }
  Value Factor() {
    if (++nodes_ > kMaxNodes || ++depth_ > kMaxDepth) return Fail();
    const Value value = FactorBody();
    --depth_;
    return value;
  }
  Value FactorBody() {
    const char c = Peek();
    if (c == '+' || c == '-') {
      Next();
      const Value value = Factor();
      return value && c == '-' ? Known(Subtract(Rational::Of(0), *value)) : value;
    }
    if (c == '(' || c == '[') {
      Next();
      const Value value = Expression();
      if (failed_ || !Take(c == '(' ? ')' : ']')) return Fail();
      return value;
    }
    if (c == 'f') return Fraction();
    return c >= '0' && c <= '9' ? Integer() : Fail();
  }
  Value Fraction() {
    Next();
    if (!Take('{')) return Fail();
    const Value top = Expression();
    if (failed_ || !Take('}') || !Take('{')) return Fail();
    const Value bottom = Expression();
    if (failed_ || !Take('}')) return Fail();
    return top && bottom ? Known(Divide(*top, *bottom)) : std::nullopt;
  }
  Value Integer() {
    int64_t value = 0;
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      if (at_ - begin >= 18) return Fail();
      value = value * 10 + (text_[at_++] - '0');
    }
    numbers_.push_back(value);
    return Rational::Of(value);
  }

  const std::string_view text_;
  size_t at_ = 0;
  size_t size_ = 1;  // bytes of what Peek saw
  int depth_ = 0;
  size_t nodes_ = 0;
  bool failed_ = false;     // not an expression
  bool undefined_ = false;  // division by zero or overflow
  std::vector<int64_t> numbers_;
};

}  // namespace

std::optional<Arithmetic> ReadArithmetic(std::string_view text) {
  return ArithmeticReader(text).Read();
}

}  // namespace winnow::reward
