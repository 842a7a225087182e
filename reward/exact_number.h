#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace winnow::reward {

__extension__ typedef __int128 Int128;

// p/q in lowest terms with q > 0, both below 2^127. Operations that leave that range, and division
// by zero, give nullopt.
struct Rational {
  Int128 num = 0;
  Int128 den = 1;
  static std::optional<Rational> Make(Int128 num, Int128 den);
  static Rational Of(int64_t value) { return {value, 1}; }
  bool IsInteger() const { return den == 1; }
  double Approximate() const;
  std::string ToString() const;
  friend bool operator==(const Rational&, const Rational&) = default;
};
std::optional<Rational> Add(const Rational& a, const Rational& b);
std::optional<Rational> Subtract(const Rational& a, const Rational& b);
std::optional<Rational> Multiply(const Rational& a, const Rational& b);
std::optional<Rational> Divide(const Rational& a, const Rational& b);
// a to an integer power, |exponent| <= 10000.
std::optional<Rational> Power(const Rational& a, int64_t exponent);
bool Less(const Rational& a, const Rational& b);

// A non-negative integer of any length, base 10^9, least limb first, no leading zero limbs.
class BigInteger {
 public:
  static BigInteger FromDigits(std::string_view digits);
  BigInteger MultipliedBy(const BigInteger& other) const;
  BigInteger TimesPowerOfTen(uint32_t exponent) const;
  BigInteger Plus(const BigInteger& other) const;
  bool IsZero() const { return limbs_.empty(); }
  // False if the value is not below 2^127.
  bool ToInt128(Int128* value) const;
  double Approximate() const;
  friend bool operator==(const BigInteger&, const BigInteger&) = default;

 private:
  std::vector<uint32_t> limbs_;
};

// A number as written, exact at any length: (-1)^negative · numerator / denominator.
struct ExactNumber {
  bool negative = false;
  BigInteger numerator;
  BigInteger denominator = BigInteger::FromDigits("1");  // never zero

  double Approximate() const;
  // nullopt if numerator or denominator is too long for 128 bits.
  std::optional<Rational> ToRational() const;
  bool SameValue(const ExactNumber& other) const;
};

}  // namespace winnow::reward
