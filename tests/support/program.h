#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace winnow::testing_support {

struct ProgramResult {
  int exit_code = -1;  // 128 + signal if a signal ended it
  std::string out;
  std::string err;
};

// Runs a program to its end with `input` on stdin.
ProgramResult RunProgram(const std::vector<std::string>& arguments, const std::string& input = "");

// Starts a program, calls `is_time` again and again while it runs, and SIGKILLs it once that says
// true. Returns true if it was killed, false if it ended first.
bool KillProgramWhen(const std::vector<std::string>& arguments,
                     const std::function<bool()>& is_time);

}  // namespace winnow::testing_support
