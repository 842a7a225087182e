#include "model/jinja/percent_format.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/operators.h"
#include "model/jinja/printing.h"
#include "model/unicode.h"

namespace winnow::model::jinja {
namespace {

constexpr int kMaxWidth = 10000;

// One conversion as written: %(name)flags width .precision type.
struct Conversion {
  std::string name;
  bool has_name = false;
  bool left = false;
  bool zero = false;
  bool plus = false;
  bool blank = false;
  bool alternate = false;
  int width = 0;
  int precision = -1;
  char type = '\0';
};

class Formatter {
 public:
  Formatter(const std::string& format, const Value& arguments, size_t max_bytes)
      : format_(format), arguments_(arguments), max_bytes_(max_bytes) {}

  std::string Run() {
    while (at_ < format_.size()) {
      if (format_[at_] != '%') {
        out_ += format_[at_++];
        continue;
      }
      const Conversion conversion = Read();
      if (conversion.type == '%') {
        out_ += '%';
      } else {
        out_ += Pad(Convert(conversion, Argument(conversion)), conversion);
      }
      if (out_.size() > max_bytes_) throw Error("a text is larger than allowed");
    }
    const bool all_used =
        arguments_.Is(Value::Kind::kDict) ||
        (arguments_.IsList(List::Flavor::kTuple) ? used_ == arguments_.list().items.size()
                                                 : used_ == 1);
    if (!all_used) throw Error("not all arguments converted during string formatting");
    return std::move(out_);
  }

 private:
  char Peek() const {
    if (at_ >= format_.size()) throw Error("incomplete format");
    return format_[at_];
  }

  int Number() {
    int value = 0;
    while (at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9') {
      value = value * 10 + (format_[at_++] - '0');
      if (value > kMaxWidth) throw Error(Format("format width must be at most {}", kMaxWidth));
    }
    return value;
  }

  Conversion Read() {
    Conversion made;
    ++at_;  // the %
    if (Peek() == '(') {
      const size_t close = format_.find(')', at_);
      if (close == std::string::npos) throw Error("incomplete format key");
      made.name = format_.substr(at_ + 1, close - at_ - 1);
      made.has_name = true;
      at_ = close + 1;
    }
    for (;; ++at_) {
      const char flag = Peek();
      if (flag == '-') {
        made.left = true;
      } else if (flag == '0') {
        made.zero = true;
      } else if (flag == '+') {
        made.plus = true;
      } else if (flag == ' ') {
        made.blank = true;
      } else if (flag == '#') {
        made.alternate = true;
      } else {
        break;
      }
    }
    made.width = Number();
    if (Peek() == '.') {
      ++at_;
      made.precision = Number();
    }
    made.type = Peek();
    ++at_;
    return made;
  }

  Value Argument(const Conversion& conversion) {
    if (conversion.has_name) {
      if (!arguments_.Is(Value::Kind::kDict)) throw Error("format requires a mapping");
      const Value* found = arguments_.dict().Find(conversion.name);
      if (found == nullptr) throw Error(Format("format key is missing: '{}'", conversion.name));
      return *found;
    }
    const size_t index = used_++;
    if (arguments_.IsList(List::Flavor::kTuple)) {
      if (index < arguments_.list().items.size()) return arguments_.list().items[index];
    } else if (index == 0) {
      return arguments_;
    }
    throw Error("not enough arguments for format string");
  }

  std::string Convert(const Conversion& conversion, const Value& value) {
    switch (conversion.type) {
      case 's':
      case 'r': {
        std::string text = conversion.type == 's' ? Str(value) : Repr(value);
        if (conversion.precision < 0) return text;
        return SliceOf(Value::String(std::move(text)), Value::None(),
                       Value::Int(conversion.precision), Value::None())
            .text();
      }
      case 'c':
        if (!value.IsString() || CountCodePoints(value.text()) != 1) {
          throw Error("%c requires a string of one character");
        }
        return value.text();
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return Integer(conversion, value);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        return Float(conversion, value);
      default:
        throw Error(Format("unsupported format character '{}'", conversion.type));
    }
  }

  static std::string Sign(const Conversion& conversion, bool is_negative) {
    if (is_negative) return "-";
    return conversion.plus ? "+" : conversion.blank ? " " : "";
  }

  static std::string Integer(const Conversion& conversion, const Value& value) {
    const bool is_decimal =
        conversion.type == 'd' || conversion.type == 'i' || conversion.type == 'u';
    const bool fits =
        value.IsInteger() || (is_decimal && value.IsNumber() && std::abs(value.number()) < 9.2e18);
    if (!fits || conversion.alternate) {
      throw Error(
          Format("%{} format: an integer is required, not {}", conversion.type, value.TypeName()));
    }
    const int64_t number =
        value.IsInteger() ? value.integer() : static_cast<int64_t>(value.number());
    const uint64_t magnitude =
        number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    std::string digits = is_decimal               ? Format("{}", magnitude)
                         : conversion.type == 'x' ? Format("{:x}", magnitude)
                         : conversion.type == 'X' ? Format("{:X}", magnitude)
                                                  : Format("{:o}", magnitude);
    const auto precision = static_cast<size_t>(std::max(conversion.precision, 0));
    if (digits.size() < precision) digits.insert(0, precision - digits.size(), '0');
    return Sign(conversion, number < 0) + digits;
  }

  static std::string Float(const Conversion& conversion, const Value& value) {
    if (!value.IsNumber() || conversion.alternate || conversion.precision > 100) {
      throw Error(
          Format("%{} format: must be a real number, not {}", conversion.type, value.TypeName()));
    }
    const double number = value.number();
    const int precision = conversion.precision < 0 ? 6 : conversion.precision;
    const std::string pattern = Format("%.*{}", conversion.type);
    std::array<char, 512> buffer{};
    const int size =
        std::snprintf(buffer.data(), buffer.size(), pattern.c_str(), precision, std::abs(number));
    return Sign(conversion, std::signbit(number)) +
           std::string(buffer.data(), static_cast<size_t>(size));
  }

  static std::string Pad(std::string text, const Conversion& conversion) {
    const size_t length = CountCodePoints(text);
    const auto width = static_cast<size_t>(conversion.width);
    if (length >= width) return text;
    const size_t missing = width - length;
    if (conversion.left) return text.append(missing, ' ');
    const bool is_text = conversion.type == 's' || conversion.type == 'r' || conversion.type == 'c';
    if (!conversion.zero || is_text) return text.insert(0, missing, ' ');
    const bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ');
    return text.insert(has_sign ? 1 : 0, missing, '0');
  }

  const std::string& format_;
  const Value& arguments_;
  const size_t max_bytes_;
  size_t at_ = 0;
  size_t used_ = 0;  // arguments taken by position
  std::string out_;
};

}  // namespace

std::string PercentFormat(const std::string& format, const Value& arguments, size_t max_bytes) {
  return Formatter(format, arguments, max_bytes).Run();
}

}  // namespace winnow::model::jinja
