#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// GPT-2's alphabet: tokenizer files write each byte as one printable character.
namespace winnow::model {

// The character of `byte`, a code point below U+0144.
uint32_t AlphabetCharOf(uint8_t byte);
// The text of `bytes` in the alphabet.
std::string ToAlphabet(std::string_view bytes);
// The bytes that `text` stands for; nothing if a character is outside of the alphabet.
std::optional<std::string> FromAlphabet(std::string_view text);

}  // namespace winnow::model
