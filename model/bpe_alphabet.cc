#include "model/bpe_alphabet.h"

#include <array>

#include "model/unicode.h"

namespace winnow::model {
namespace {

constexpr uint32_t kEnd = 0x144;  // one past the last character

struct Alphabet {
  std::array<uint32_t, 256> char_of{};
  std::array<int16_t, kEnd> byte_of{};
};

// Bytes that print stand for themselves; the others, in order, for U+0100 and up.
Alphabet MakeAlphabet() {
  Alphabet alphabet;
  alphabet.byte_of.fill(-1);
  uint32_t next = 0x100;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool prints = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) ||
                        (byte >= 0xAE && byte <= 0xFF);
    const uint32_t c = prints ? byte : next++;
    alphabet.char_of[byte] = c;
    alphabet.byte_of[c] = static_cast<int16_t>(byte);
  }
  return alphabet;
}

const Alphabet& TheAlphabet() {
  static const Alphabet alphabet = MakeAlphabet();
  return alphabet;
}

}  // namespace

uint32_t AlphabetCharOf(uint8_t byte) { return TheAlphabet().char_of[byte]; }

std::string ToAlphabet(std::string_view bytes) {
  std::string text;
  for (char byte : bytes) AppendUtf8(AlphabetCharOf(static_cast<uint8_t>(byte)), &text);
  return text;
}

std::optional<std::string> FromAlphabet(std::string_view text) {
  const Alphabet& alphabet = TheAlphabet();
  std::string bytes;
  for (size_t at = 0; at < text.size();) {
    const DecodedChar next = DecodeUtf8(text, at);
    if (next.code_point >= kEnd || alphabet.byte_of[next.code_point] < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(alphabet.byte_of[next.code_point]));
    at += next.size_bytes;
  }
  return bytes;
}

}  // namespace winnow::model
