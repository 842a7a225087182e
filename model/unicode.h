#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace winnow::model {

// One step of UTF-8 decoding. `size_bytes` > 0; an invalid or truncated sequence is its longest
// prefix that could start a character (Unicode 15, table 3-8), which is replaced as one.
struct DecodedChar {
  enum class Kind : uint8_t { kValid, kInvalid, kTruncated };
  uint32_t code_point = 0xFFFD;
  uint8_t size_bytes = 1;
  Kind kind = Kind::kInvalid;
};

// Decodes the character at `at`. REQUIRES: at < bytes.size().
DecodedChar DecodeUtf8(std::string_view bytes, size_t at);

void AppendUtf8(uint32_t code_point, std::string* out);
bool IsValidUtf8(std::string_view bytes);
// The bytes with every invalid sequence replaced by U+FFFD (Rust's from_utf8_lossy).
std::string RepairUtf8(std::string_view bytes);
// The code points of repaired text.
std::vector<uint32_t> CodePointsOf(std::string_view text);
std::string Utf8Of(const std::vector<uint32_t>& code_points);
size_t CountCodePoints(std::string_view valid_text);

// Repairs text that arrives in pieces: the outputs, joined, are RepairUtf8 of the inputs, joined.
// A character is given out once all its bytes are there. Not thread-safe.
class Utf8Repairer {
 public:
  std::string Push(std::string_view bytes);
  // What is held back, as U+FFFD; leaves the repairer as new.
  std::string Finish();

 private:
  std::string pending_;  // the start of one character
};

bool IsPythonSpace(uint32_t code_point);    // str.isspace
bool IsUnicodeSpace(uint32_t code_point);   // White_Space: Rust's char::is_whitespace
bool IsNumeric(uint32_t code_point);        // general category N: Rust's char::is_numeric
bool IsDecimal(uint32_t code_point);        // general category Nd: str.isdecimal
bool IsWordCharacter(uint32_t code_point);  // \w of Rust's regex
bool IsAlphabetic(uint32_t code_point);     // general category L: str.isalpha
bool IsPrintable(uint32_t code_point);      // str.isprintable

// Normalisation form C as Hugging Face tokenizers has it. REQUIRES: valid UTF-8.
std::string NormalizeNfc(std::string_view text);

// The text with stand-ins that PCRE2 classifies as Oniguruma classifies the text (see
// unicode_tables.h); same length, same character borders. REQUIRES: valid UTF-8.
std::string WithStandIns(std::string_view text);
// True if a code point of first..last has a stand-in.
bool AnyHasStandIn(uint32_t first, uint32_t last);

}  // namespace winnow::model
