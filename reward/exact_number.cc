#include "reward/exact_number.h"

#include <algorithm>
#include <cmath>

namespace winnow::reward {
namespace {

constexpr uint32_t kBase = 1000000000;

Int128 Gcd(Int128 a, Int128 b) {
  while (b != 0) {
    const Int128 rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}

// The smallest value has no negation: kept out so that signs never overflow.
bool IsSmallest(Int128 value) { return value < 0 && value == -value; }

}  // namespace

std::optional<Rational> Rational::Make(Int128 num, Int128 den) {
  if (den == 0 || IsSmallest(num) || IsSmallest(den)) return std::nullopt;
  if (den < 0) {
    num = -num;
    den = -den;
  }
  const Int128 divisor = Gcd(num, den);
  return Rational{num / divisor, den / divisor};
}

double Rational::Approximate() const {
  return static_cast<double>(static_cast<long double>(num) / static_cast<long double>(den));
}

std::string Rational::ToString() const {
  const auto digits = [](Int128 value) {
    std::string text;
    const bool negative = value < 0;
    do {
      const int digit = static_cast<int>(value % 10);
      text += static_cast<char>('0' + (digit < 0 ? -digit : digit));
      value /= 10;
    } while (value != 0);
    if (negative) text += '-';
    std::reverse(text.begin(), text.end());
    return text;
  };
  return den == 1 ? digits(num) : digits(num) + "/" + digits(den);
}

std::optional<Rational> Add(const Rational& a, const Rational& b) {
  Int128 left, right, num, den;
  if (__builtin_mul_overflow(a.num, b.den, &left) || __builtin_mul_overflow(b.num, a.den, &right) ||
      __builtin_add_overflow(left, right, &num) || __builtin_mul_overflow(a.den, b.den, &den)) {
    return std::nullopt;
  }
  return Rational::Make(num, den);
}

std::optional<Rational> Subtract(const Rational& a, const Rational& b) {
  return Add(a, {-b.num, b.den});
}

std::optional<Rational> Multiply(const Rational& a, const Rational& b) {
  // Cancelling first keeps products of reduced fractions small.
  const Int128 left = std::max<Int128>(Gcd(a.num, b.den), 1);
  const Int128 right = std::max<Int128>(Gcd(b.num, a.den), 1);
  Int128 num, den;
  if (__builtin_mul_overflow(a.num / left, b.num / right, &num) ||
      __builtin_mul_overflow(a.den / right, b.den / left, &den)) {
    return std::nullopt;
  }
  return Rational::Make(num, den);
}

std::optional<Rational> Divide(const Rational& a, const Rational& b) {
  if (b.num == 0) return std::nullopt;
  const std::optional<Rational> inverse = Rational::Make(b.den, b.num);
  if (!inverse) return std::nullopt;
  return Multiply(a, *inverse);
}

std::optional<Rational> Power(const Rational& a, int64_t exponent) {
  if (exponent > 10000 || exponent < -10000) return std::nullopt;
  Rational base = a;
  if (exponent < 0) {
    const std::optional<Rational> inverse = Divide(Rational::Of(1), a);
    if (!inverse) return std::nullopt;
    base = *inverse;
    exponent = -exponent;
  }
  Rational result = Rational::Of(1);
  while (exponent > 0) {
    if (exponent & 1) {
      const std::optional<Rational> next = Multiply(result, base);
      if (!next) return std::nullopt;
      result = *next;
    }
    exponent >>= 1;
    if (exponent == 0) break;
    const std::optional<Rational> square = Multiply(base, base);
    if (!square) return std::nullopt;
    base = *square;
  }
  return result;
}

bool Less(const Rational& a, const Rational& b) {
  const std::optional<Rational> difference = Subtract(a, b);
  return difference ? difference->num < 0 : a.Approximate() < b.Approximate();
}

BigInteger BigInteger::FromDigits(std::string_view digits) {
  while (!digits.empty() && digits.front() == '0') digits.remove_prefix(1);
  BigInteger result;
  while (!digits.empty()) {
    const size_t take = std::min<size_t>(9, digits.size());
    uint32_t limb = 0;
    for (char c : digits.substr(digits.size() - take)) {
      limb = limb * 10 + static_cast<uint32_t>(c - '0');
    }
    result.limbs_.push_back(limb);
    digits.remove_suffix(take);
  }
  return result;
}

BigInteger BigInteger::MultipliedBy(const BigInteger& other) const {
  BigInteger result;
  if (IsZero() || other.IsZero()) return result;
  result.limbs_.assign(limbs_.size() + other.limbs_.size(), 0);
  for (size_t i = 0; i < limbs_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < other.limbs_.size() || carry != 0; ++j) {
      uint64_t sum = result.limbs_[i + j] + carry;
      if (j < other.limbs_.size()) sum += static_cast<uint64_t>(limbs_[i]) * other.limbs_[j];
      result.limbs_[i + j] = static_cast<uint32_t>(sum % kBase);
      carry = sum / kBase;
    }
  }
  while (!result.limbs_.empty() && result.limbs_.back() == 0) result.limbs_.pop_back();
  return result;
}

BigInteger BigInteger::TimesPowerOfTen(uint32_t exponent) const {
  return exponent == 0 ? *this : MultipliedBy(FromDigits("1" + std::string(exponent, '0')));
}

BigInteger BigInteger::Plus(const BigInteger& other) const {
  BigInteger result;
  uint64_t carry = 0;
  const size_t size = std::max(limbs_.size(), other.limbs_.size());
  for (size_t i = 0; i < size || carry != 0; ++i) {
    uint64_t sum = carry;
    if (i < limbs_.size()) sum += limbs_[i];
    if (i < other.limbs_.size()) sum += other.limbs_[i];
    result.limbs_.push_back(static_cast<uint32_t>(sum % kBase));
    carry = sum / kBase;
  }
  return result;
}

bool BigInteger::ToInt128(Int128* value) const {
  Int128 result = 0;
  for (size_t i = limbs_.size(); i-- > 0;) {
    if (__builtin_mul_overflow(result, static_cast<Int128>(kBase), &result) ||
        __builtin_add_overflow(result, static_cast<Int128>(limbs_[i]), &result)) {
      return false;
    }
  }
  *value = result;
  return true;
}

double BigInteger::Approximate() const {
  long double result = 0;
  for (size_t i = limbs_.size(); i-- > 0;) result = result * kBase + limbs_[i];
  return static_cast<double>(result);
}

double ExactNumber::Approximate() const {
  if (const std::optional<Rational> rational = ToRational()) return rational->Approximate();
  // Long numbers: both may be infinite as doubles, then the quotient is NaN and equals nothing.
  const double value = numerator.Approximate() / denominator.Approximate();
  return negative ? -value : value;
}

std::optional<Rational> ExactNumber::ToRational() const {
  Int128 num, den;
  if (!numerator.ToInt128(&num) || !denominator.ToInt128(&den)) return std::nullopt;
  return Rational::Make(negative ? -num : num, den);
}

bool ExactNumber::SameValue(const ExactNumber& other) const {
  if (numerator.IsZero() || other.numerator.IsZero()) {
    return numerator.IsZero() == other.numerator.IsZero();
  }
  if (negative != other.negative) return false;
  if (denominator == other.denominator) return numerator == other.numerator;
  return numerator.MultipliedBy(other.denominator) == other.numerator.MultipliedBy(denominator);
}

}  // namespace winnow::reward
