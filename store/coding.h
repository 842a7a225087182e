#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace winnow::store {

// Appends numbers to a record. Keys are big-endian, so that byte order is number order; values are
// little-endian, with LEB128 varints, zigzag for signed ones (docs/formats/history.md).
void PutBigEndian16(uint16_t value, std::string* out);
void PutBigEndian64(uint64_t value, std::string* out);
void PutLittleEndian32(uint32_t value, std::string* out);
void PutLittleEndian64(uint64_t value, std::string* out);
void PutFloat(float value, std::string* out);    // its bits, little-endian
void PutDouble(double value, std::string* out);  // its bits, little-endian
void PutVarint(uint64_t value, std::string* out);
void PutSignedVarint(int64_t value, std::string* out);
void PutBytes(std::string_view bytes, std::string* out);  // varint length, then the bytes

// Reads what the functions above wrote, from bytes that may be damaged: after the first value that
// is not there or does not fit, ok() is false and every read returns 0 or nothing. Never reads
// outside the bytes, which must outlive it.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  // All bytes were read, and all were good.
  bool AtEnd() const { return ok_ && rest_.empty(); }
  size_t size_left() const { return rest_.size(); }

  uint8_t Byte();
  uint16_t BigEndian16();
  uint64_t BigEndian64();
  uint32_t LittleEndian32();
  uint64_t LittleEndian64();
  float Float();
  double Double();
  uint64_t Varint();
  uint32_t Varint32();  // fails if the value needs more than 32 bits
  int64_t SignedVarint();
  std::string_view Bytes();

 private:
  std::string_view Take(size_t size);
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace winnow::store
