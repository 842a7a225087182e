#include "reward/code/program_tests.h"

#include <algorithm>
#include <optional>

#include "base/format.h"
#include "reward/builtin/row_fields.h"
#include "reward/code/exact_json.h"
#include "reward/extract.h"

namespace winnow::reward {
namespace {

using Json = nlohmann::json;
using Kind = ProgramTest::Kind;
using Tests = std::vector<ProgramTest>;

// The value of `key` if it is a text.
std::string TextOf(const Json& row, std::string_view key) {
  const std::optional<Json> field = FieldOf(row, key);
  return field && field->is_string() ? field->get<std::string>() : "";
}

// Text of a stdin or stdout: itself, or its lines; a number as it is written.
std::string Lines(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (!json.is_array()) return DumpExactly(json);
  std::string text;
  for (const Json& line : json) text += Lines(line) + "\n";
  return text;
}

// JSON values, one a line, as a JSON list.
std::string ListOfLines(std::string_view text) {
  std::string list = "[";
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = TrimSpaces(text.substr(0, end));
    if (!line.empty()) list.append(list.size() > 1 ? "," : "").append(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return list + "]";
}

class Reader {
 public:
  explicit Reader(std::string_view extra_json) : row_(ParseRow(extra_json)) {}

  Status Read(const Json& json) {
    if (json.is_string()) return AddAssertions(json.get<std::string>());
    if (json.is_array()) return ReadList(json);
    if (!json.is_object()) return InvalidArgument("the reference holds no tests");
    if (json.contains("tests") && json["tests"].is_array()) return ReadList(json["tests"]);
    if (json.contains("inputs")) return ReadColumns(json);
    if (json.contains("test_list")) return ReadAssertionList(json);
    return ReadOne(json);
  }
  // HumanEval defines `check(candidate)`.
  Status AddAssertions(std::string code) {
    const std::string name = TextOf(row_, "entry_point");
    if (!name.empty() && code.find("def check(") != std::string::npos) {
      code += Format("\ncheck({})\n", name);
    }
    tests_.push_back({.kind = Kind::kAssertion, .input = std::move(code)});
    return OkStatus();
  }
  Tests tests() && { return std::move(tests_); }

 private:
  Status ReadList(const Json& list) {
    for (const Json& test : list) {
      if (test.is_string()) {
        WINNOW_RETURN_IF_ERROR(AddAssertions(test.get<std::string>()));
      } else {
        WINNOW_RETURN_IF_ERROR(ReadOne(test));
      }
    }
    return OkStatus();
  }

  Status ReadColumns(const Json& json) {
    const Json& inputs = json["inputs"];
    const Json outputs = json.value("outputs", Json());
    const std::string function = TextOf(json, "fn_name");
    if (!inputs.is_array() || !outputs.is_array() || inputs.size() != outputs.size()) {
      return InvalidArgument("the reference must have as many outputs as inputs");
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (function.empty()) {
        AddPair(inputs[i], outputs[i]);
      } else if (inputs[i].is_array()) {
        AddCall(function, DumpExactly(inputs[i]), DumpExactly(outputs[i]), /*may_be_wrapped=*/true);
      } else {
        return InvalidArgument("the reference has inputs of a function that are no lists");
      }
    }
    return OkStatus();
  }

  Status ReadAssertionList(const Json& json) {
    const Json& list = json["test_list"];
    if (!list.is_array()) return InvalidArgument("test_list of the reference must be a list");
    const std::string setup = TextOf(json, "test_setup_code");
    for (const Json& test : list) {
      if (!test.is_string()) return InvalidArgument("test_list of the reference must hold texts");
      WINNOW_RETURN_IF_ERROR(AddAssertions(setup + "\n" + test.get<std::string>()));
    }
    return OkStatus();
  }

  Status ReadOne(const Json& test) {
    if (!test.is_object()) return InvalidArgument("a test of the reference must be an object");
    if (test.contains("function") && test.contains("result")) {
      const Json arguments = test.value("args", Json::array());
      if (!test["function"].is_string() || !arguments.is_array()) {
        return InvalidArgument("a call of the reference needs a function and a list of args");
      }
      AddCall(test["function"].get<std::string>(), DumpExactly(arguments),
              DumpExactly(test["result"]), false);
      return OkStatus();
    }
    if (!test.contains("input") || !test.contains("output")) {
      return InvalidArgument("a test of the reference needs input and output");
    }
    if (TextOf(test, "testtype") == "functional") return ReadFunctional(test);
    AddPair(test["input"], test["output"]);
    return OkStatus();
  }

  Status ReadFunctional(const Json& test) {
    std::string function = TextOf(test, "fn_name");
    if (function.empty()) function = TextOf(row_, "metadata.func_name");
    const std::string arguments = ListOfLines(Lines(test["input"]));
    if (function.empty() || !Json::accept(arguments) || !Json::accept(Lines(test["output"]))) {
      return InvalidArgument("a functional test of the reference needs fn_name and JSON values");
    }
    AddCall(function, arguments, Lines(test["output"]), false);
    return OkStatus();
  }

  void AddPair(const Json& input, const Json& output) {
    tests_.push_back({.kind = Kind::kPair, .input = Lines(input), .expected = Lines(output)});
  }
  void AddCall(std::string function, std::string arguments, std::string result,
               bool may_be_wrapped) {
    tests_.push_back({.kind = Kind::kCall,
                      .input = std::move(arguments),
                      .expected = std::move(result),
                      .function = std::move(function),
                      .may_be_wrapped = may_be_wrapped});
  }

  const Json row_;
  Tests tests_;
};

}  // namespace

Result<std::vector<ProgramTest>> ReadProgramTests(std::string_view reference,
                                                  std::string_view extra_json) {
  Reader reader(extra_json);
  const std::string_view text = TrimSpaces(reference);
  if (const std::optional<Json> json = ParseExactly(text)) {
    WINNOW_RETURN_IF_ERROR(reader.Read(*json));
  } else if (text.starts_with('{') || text.starts_with('[')) {
    return InvalidArgument("the reference is no JSON");
  } else {
    WINNOW_RETURN_IF_ERROR(reader.AddAssertions(std::string(text)));
  }
  Tests tests = std::move(reader).tests();
  if (tests.empty()) return InvalidArgument("the reference holds no tests");
  return tests;
}

}  // namespace winnow::reward
