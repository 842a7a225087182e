#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace winnow {

// A 128-bit XXH3 digest. Guards against accidents, not against malice (reliability.md).
struct Digest {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Digest&, const Digest&) = default;
};

// 32 lower-case hexadecimal digits, high word first.
std::string ToHex(const Digest& digest);
// Reads what ToHex writes; false if `text` is anything else.
bool ParseDigest(std::string_view text, Digest* digest);

Digest DigestOf(const void* data, size_t size_bytes);
inline Digest DigestOf(std::string_view bytes) { return DigestOf(bytes.data(), bytes.size()); }

// XXH3-64, used for PromptId.
uint64_t Hash64(std::string_view bytes);

// Digests bytes that arrive in pieces; equal to DigestOf of their concatenation.
class Digester {
 public:
  Digester();
  ~Digester();
  Digester(const Digester&) = delete;
  Digester& operator=(const Digester&) = delete;
  void Add(const void* data, size_t size_bytes);
  void Add(std::string_view bytes) { Add(bytes.data(), bytes.size()); }
  Digest Finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// CRC-32C (Castagnoli), as in RFC 3720; crc of the empty string is 0.
uint32_t Crc32c(const void* data, size_t size_bytes);
inline uint32_t Crc32c(std::string_view bytes) { return Crc32c(bytes.data(), bytes.size()); }

}  // namespace winnow
