#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow::reward {

// One test of a program. What is expected stays outside the sandbox.
struct ProgramTest {
  enum class Kind {
    kPair,       // `input` on stdin, `expected` is the output
    kCall,       // `function` with the JSON list `input`, `expected` is its result as JSON
    kAssertion,  // `input` is Python code that raises if the program is wrong
  };
  Kind kind = Kind::kPair;
  std::string input;
  std::string expected;
  std::string function;
  bool may_be_wrapped = false;  // SameJson
};

// Reads the tests of a row from its reference, in one of these forms (docs/sandbox.md):
//   {"inputs": [IN…], "outputs": [OUT…]}                pairs; with "fn_name": calls, IN a list
//   [{"input": IN, "output": OUT}…]                     pairs; "testtype": "functional": calls of
//                                                       "fn_name" (else the row's
//                                                       metadata.func_name), IN a JSON value a line
//   [{"function": NAME, "args": [IN…], "result": OUT}…] calls
//   ["assert …"…] or {"test_list": […], "test_setup_code": CODE} or Python text: assertions; text
//                                                       that defines `check` is called with the
//                                                       row's entry_point
// A list may stand under "tests". `extra_json` is the row.
// Errors: kInvalidArgument, what is wrong with the reference.
Result<std::vector<ProgramTest>> ReadProgramTests(std::string_view reference,
                                                  std::string_view extra_json);

}  // namespace winnow::reward
