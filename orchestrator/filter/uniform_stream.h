#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "base/status.h"

namespace winnow::orchestrator {

// The one generator of reference mode, drawn from in data order (greso.md §3, quirk 11).
// Threads: one caller. Its whole state is the number of draws.
class UniformStream {
 public:
  virtual ~UniformStream() = default;
  // Uniform in [0, 1). Errors: kInvalidArgument if a finite stream has run dry.
  virtual Result<double> Next() = 0;
  // Continues as after `draws` calls of Next on a new stream.
  virtual void Seek(uint64_t draws) = 0;
  virtual uint64_t draws() const = 0;
};

// Bit-equal to torch.manual_seed(seed); torch.rand(1).item():
//   (g() & 0xFFFFFF) * 2^-24,  g = std::mt19937(low 32 bits of seed)
class Mt19937Stream : public UniformStream {
 public:
  explicit Mt19937Stream(uint64_t seed);
  Result<double> Next() override;
  void Seek(uint64_t draws) override;
  uint64_t draws() const override { return draws_; }

 private:
  const uint32_t seed_;
  std::mt19937 generator_;
  uint64_t draws_ = 0;
};

// Numbers given by a trace.
class ListStream : public UniformStream {
 public:
  explicit ListStream(std::vector<double> values);
  Result<double> Next() override;
  void Seek(uint64_t draws) override { draws_ = draws; }
  uint64_t draws() const override { return draws_; }

 private:
  const std::vector<double> values_;
  uint64_t draws_ = 0;
};

}  // namespace winnow::orchestrator
