#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <set>

#include "cli/bench/commands.h"
#include "cli/bench/measure.h"
#include "cli/bench/model_gemms.h"
#include "cli/bench/random_input.h"
#include "cli/bench/report.h"
#include "device/arithmetic.h"

namespace winnow::cli {
namespace {

struct Options : BenchOptions {
  std::vector<size_t> rows = {1, 8, 64, 512};
};

// Bytes of weights that a rate is measured over: more than the caches hold, as in a forward pass.
constexpr size_t kWeightBytes = size_t{64} << 20;
constexpr double kLeastSeconds = 0.02;  // of one timed run

// Gigaoperations per second of y = x·Wᵀ over enough copies of W [n, k] to come from memory.
double Rate(const MatrixShape& shape, size_t rows, const BenchOptions& options,
            device::Ops<float>* ops) {
  const auto values = RandomValues(shape.n * shape.k, options.seed, /*stream=*/0);
  const auto x = RandomValues(rows * shape.k, options.seed, /*stream=*/1);
  std::vector<float> y(rows * shape.n);
  std::vector<std::unique_ptr<device::PackedMatrix>> weights;
  size_t bytes = 0;
  do {
    weights.push_back(ops->Pack(values.data(), shape.n, shape.k, device::PackFor::kForward));
    bytes += weights.back()->size_bytes();
  } while (bytes < kWeightBytes);
  size_t products = 0;
  const double seconds = MedianSeconds(options.repeats, [&] {
    products = 0;
    double passed = 0;
    while (passed < kLeastSeconds) {
      passed += SecondsOf(
          [&] { ops->Linear(x.data(), rows, *weights[products % weights.size()], y.data()); });
      ++products;
    }
    return passed / static_cast<double>(products);
  });
  return 2e-9 * static_cast<double>(rows * shape.n * shape.k) / seconds;
}

// Gigabytes per second of reading memory with all threads.
double ReadBandwidth(int repeats, ThreadPool* pool) {
  const std::vector<uint64_t> memory(size_t{32} << 20, 1);  // 256 MiB
  constexpr size_t kPiece = size_t{1} << 16;
  std::vector<uint64_t> sums(memory.size() / kPiece);
  const double seconds = MedianSeconds(repeats, [&] {
    return SecondsOf([&] {
      pool->ParallelFor(sums.size(), 1, [&](size_t begin, size_t end) {
        for (; begin < end; ++begin) {
          const uint64_t* const piece = memory.data() + begin * kPiece;
          uint64_t sum[8] = {};
          for (size_t i = 0; i < kPiece; i += 8) {
            for (size_t j = 0; j < 8; ++j) sum[j] += piece[i + j];
          }
          sums[begin] = sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
        }
      });
    });
  });
  return static_cast<double>(memory.size() * sizeof(uint64_t)) / seconds * 1e-9;
}

Result<std::vector<MatrixShape>> ShapesOf(const Options& options) {
  if (options.model.model.empty()) {
    // SmolLM2-135M's.
    return std::vector<MatrixShape>{{576, 576}, {192, 576}, {1536, 576}, {576, 1536}, {49152, 576}};
  }
  WINNOW_ASSIGN_OR_RETURN(const model::ModelConfig config,
                          model::LoadModelConfig(options.model.model));
  std::vector<MatrixShape> shapes;
  for (const MatrixShape& shape : LayerShapes(config)) {
    if (std::find(shapes.begin(), shapes.end(), shape) == shapes.end()) shapes.push_back(shape);
  }
  shapes.push_back({config.vocab_size, config.hidden_size});
  return shapes;
}

Status RunBenchGemm(const Options& options) {
  WINNOW_ASSIGN_OR_RETURN(const std::vector<MatrixShape> shapes, ShapesOf(options));
  std::vector<device::Arithmetic> arithmetics = {
      device::Arithmetic::kF32, device::Arithmetic::kBf16Tile, device::Arithmetic::kBf16Pair};
  if (options.model.dtype != "auto") {
    WINNOW_ASSIGN_OR_RETURN(const device::Arithmetic one,
                            device::ResolveArithmetic(options.model.dtype));
    arithmetics = {one};
  }
  ThreadPool pool(options.model.threads);
  Json rates = Json::array();
  for (const device::Arithmetic arithmetic : arithmetics) {
    std::set<std::string> seen;  // sets that change nothing for this arithmetic are left out
    for (const std::string_view isa : device::CpuIsaNames()) {
      WINNOW_ASSIGN_OR_RETURN(const auto ops, device::MakeCpuOps(arithmetic, isa, &pool));
      if (isa == "portable" || !seen.insert(ops->kernels()).second) continue;
      for (const MatrixShape& shape : shapes) {
        for (const size_t rows : options.rows) {
          rates.push_back({{"kernels", ops->kernels()},
                           {"n", shape.n},
                           {"k", shape.k},
                           {"rows", rows},
                           {"gflops", Rate(shape, rows, options, ops.get())}});
          if (!options.as_json) {
            std::printf("%-24s n %6zu k %6zu rows %5zu %9.1f GF/s\n", ops->kernels().c_str(),
                        shape.n, shape.k, rows, rates.back()["gflops"].get<double>());
            std::fflush(stdout);
          }
        }
      }
    }
  }
  const double bandwidth = ReadBandwidth(options.repeats, &pool);
  if (options.as_json) {
    PrintJsonLine({{"threads", pool.num_threads()},
                   {"memory_bytes_per_second", bandwidth * 1e9},
                   {"gemm", rates}});
  } else {
    std::printf("memory reads %.1f GB/s with %d threads\n", bandwidth, pool.num_threads());
  }
  return OkStatus();
}

}  // namespace

void DeclareBenchGemm(CLI::App* bench, Run* run) {
  auto options = std::make_shared<Options>();
  CLI::App* command = bench->add_subcommand(
      "gemm", "Rates of the linear layers' kernels per shape and rows, and of memory");
  AddBenchOptions(command, /*needs_model=*/false, options.get());
  command->add_option("--rows", options->rows, "rows of the left operand")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->callback([run, options] { *run = [options] { return RunBenchGemm(*options); }; });
}

}  // namespace winnow::cli
