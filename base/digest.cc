#include "base/digest.h"

#include <xxhash.h>

#include <charconv>

#include "base/check.h"
#include "base/format.h"

namespace winnow {
namespace {

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0u);
    table[i] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();

Digest FromXxh(XXH128_hash_t hash) { return {hash.low64, hash.high64}; }

}  // namespace

std::string ToHex(const Digest& digest) {
  return Format("{:016x}{:016x}", digest.high, digest.low);
}

bool ParseDigest(std::string_view text, Digest* digest) {
  if (text.size() != 32) return false;
  for (const char c : text) {
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return false;
  }
  std::from_chars(text.data(), text.data() + 16, digest->high, 16);
  std::from_chars(text.data() + 16, text.data() + 32, digest->low, 16);
  return true;
}

Digest DigestOf(const void* data, size_t size_bytes) {
  return FromXxh(XXH3_128bits(data, size_bytes));
}

uint64_t Hash64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

struct Digester::State {
  XXH3_state_t* xxh = nullptr;
};

Digester::Digester() : state_(std::make_unique<State>()) {
  state_->xxh = XXH3_createState();
  WINNOW_CHECK(state_->xxh != nullptr);
  XXH3_128bits_reset(state_->xxh);
}

Digester::~Digester() { XXH3_freeState(state_->xxh); }

void Digester::Add(const void* data, size_t size_bytes) {
  XXH3_128bits_update(state_->xxh, data, size_bytes);
}

Digest Digester::Finish() const { return FromXxh(XXH3_128bits_digest(state_->xxh)); }

uint32_t Crc32c(const void* data, size_t size_bytes) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  uint32_t crc = ~0u;
  for (size_t i = 0; i < size_bytes; ++i) crc = crc >> 8 ^ kCrcTable[(crc ^ bytes[i]) & 0xFF];
  return ~crc;
}

}  // namespace winnow
