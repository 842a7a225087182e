#include "cli/bench/report.h"

#include <cstdio>

namespace winnow::cli {

Json MachineReport(const ModelSession& session) {
  return {{"kernels", session.ops->kernels()},
          {"dtype", device::ArithmeticName(session.ops->arithmetic())},
          {"threads", session.pool->num_threads()}};
}

void PrintReport(const Json& report, bool as_json) {
  if (as_json) {
    PrintJsonLine(report);
    return;
  }
  for (const auto& [name, value] : report.items()) {
    const std::string text = value.is_number_float() ? value.dump().substr(0, 10)
                             : value.is_string()     ? value.get<std::string>()
                                                     : value.dump();
    std::printf("%-32s %s\n", name.c_str(), text.c_str());
  }
}

}  // namespace winnow::cli
