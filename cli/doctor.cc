#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <fstream>
#include <string>

#include "base/thread_pool.h"
#include "cli/command.h"
#include "cli/json_lines.h"
#include "device/ops.h"
#include "reward/sandbox/sandbox.h"

namespace winnow::cli {
namespace {

std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");  // its size reads as 0, so base/file.h cannot read it
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

double MemoryGiB() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE)) /
         (1024.0 * 1024.0 * 1024.0);
}

Status RunDoctor(bool as_json) {
  ThreadPool pool(0);
  Json json = {
      {"processor", ProcessorName()}, {"cores", AvailableCores()}, {"memory_gib", MemoryGiB()}};
  WINNOW_ASSIGN_OR_RETURN(const device::Arithmetic best, device::ResolveArithmetic("auto"));
  json["dtype_auto"] = device::ArithmeticName(best);
  for (const auto arithmetic :
       {device::Arithmetic::kF32, device::Arithmetic::kBf16Tile, device::Arithmetic::kBf16Pair}) {
    WINNOW_ASSIGN_OR_RETURN(const auto ops, device::MakeCpuOps(arithmetic, &pool));
    json["kernels"][std::string(device::ArithmeticName(arithmetic))] = {
        {"native", device::IsNative(arithmetic)}, {"kernels", ops->kernels()}};
  }
  json["cuda"] = "not built";
  const Result<std::string> sandbox = reward::sandbox::DescribeSandbox();
  json["sandbox"] = {{"available", sandbox.ok()},
                     {"says", sandbox.ok() ? *sandbox : sandbox.status().message()}};
  if (as_json) {
    PrintJsonLine(json);
    return OkStatus();
  }
  std::printf("processor  %s, %d cores, %.1f GiB\n", ProcessorName().c_str(), AvailableCores(),
              MemoryGiB());
  std::printf("dtype      auto is %s\n", std::string(device::ArithmeticName(best)).c_str());
  for (const auto& [name, entry] : json["kernels"].items()) {
    std::printf("%-10s %s%s\n", name.c_str(), entry["kernels"].get<std::string>().c_str(),
                entry["native"].get<bool>() ? "" : " (no native instruction: same bits, slower)");
  }
  std::printf("cuda       not built\n");
  std::printf("sandbox    %s%s\n", sandbox.ok() ? "" : "none, so the verifier code does not run: ",
              json["sandbox"]["says"].get<std::string>().c_str());
  return OkStatus();
}

}  // namespace

void DeclareDoctor(CLI::App* app, Run* run) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app->add_subcommand("doctor", "What this machine has and Winnow uses of it");
  command->add_flag("--json", *as_json, "one JSON object");
  command->callback([run, as_json] { *run = [as_json] { return RunDoctor(*as_json); }; });
}

}  // namespace winnow::cli
