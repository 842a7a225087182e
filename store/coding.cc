#include "store/coding.h"

#include <bit>
#include <limits>

namespace winnow::store {
namespace {

template <typename Integer>
void PutBigEndian(Integer value, std::string* out) {
  for (int shift = 8 * (sizeof(Integer) - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift & 0xFF));
  }
}

template <typename Integer>
void PutLittleEndian(Integer value, std::string* out) {
  for (size_t i = 0; i < sizeof(Integer); ++i) {
    out->push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  }
}

uint64_t FromBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

uint64_t FromLittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return value;
}

}  // namespace

void PutBigEndian16(uint16_t value, std::string* out) { PutBigEndian(value, out); }
void PutBigEndian64(uint64_t value, std::string* out) { PutBigEndian(value, out); }
void PutLittleEndian32(uint32_t value, std::string* out) { PutLittleEndian(value, out); }
void PutLittleEndian64(uint64_t value, std::string* out) { PutLittleEndian(value, out); }
void PutFloat(float value, std::string* out) {
  PutLittleEndian(std::bit_cast<uint32_t>(value), out);
}
void PutDouble(double value, std::string* out) {
  PutLittleEndian(std::bit_cast<uint64_t>(value), out);
}

void PutVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void PutSignedVarint(int64_t value, std::string* out) {
  PutVarint(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63), out);
}

void PutBytes(std::string_view bytes, std::string* out) {
  PutVarint(bytes.size(), out);
  out->append(bytes);
}

std::string_view ByteReader::Take(size_t size) {
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    return {};
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

uint8_t ByteReader::Byte() { return static_cast<uint8_t>(FromLittleEndian(Take(1))); }
uint16_t ByteReader::BigEndian16() { return static_cast<uint16_t>(FromBigEndian(Take(2))); }
uint64_t ByteReader::BigEndian64() { return FromBigEndian(Take(8)); }
uint32_t ByteReader::LittleEndian32() { return static_cast<uint32_t>(FromLittleEndian(Take(4))); }
uint64_t ByteReader::LittleEndian64() { return FromLittleEndian(Take(8)); }
float ByteReader::Float() { return std::bit_cast<float>(LittleEndian32()); }
double ByteReader::Double() { return std::bit_cast<double>(LittleEndian64()); }

uint64_t ByteReader::Varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = Byte();
    if (!ok_) return 0;
    if (shift == 63 && byte > 1) break;  // more than 64 bits
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  ok_ = false;
  return 0;
}

uint32_t ByteReader::Varint32() {
  const uint64_t value = Varint();
  if (value > std::numeric_limits<uint32_t>::max()) ok_ = false;
  return ok_ ? static_cast<uint32_t>(value) : 0;
}

int64_t ByteReader::SignedVarint() {
  const uint64_t value = Varint();
  return static_cast<int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

std::string_view ByteReader::Bytes() {
  const uint64_t size = Varint();
  return ok_ ? Take(size) : std::string_view();
}

}  // namespace winnow::store
