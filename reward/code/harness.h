#pragma once

namespace winnow::reward {

// Python that loads /box/program.py, says so on the result channel, then takes one JSON object from
// the input that is withheld until then: {"function", "args"} calls and answers with the result as
// JSON; {"code", "marker"} runs `code` among the program's names and answers with the marker. The
// program shares its process, so an answer is a claim: right results are known outside only, and
// the marker shows no more than that somebody reached the end.
extern const char kHarness[];

}  // namespace winnow::reward
