#include "model/jinja/parameters.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

Arguments Given() {
  Arguments arguments;
  arguments.positional = {Value::Int(1)};
  arguments.named = {{"c", Value::String("x")}};
  return arguments;
}

std::string Failure(const Arguments& arguments, size_t required) {
  try {
    const Parameters parameters("f", arguments, {"a", "b", "c"}, required);
    return parameters.Text(0, "");
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(ParametersTest, PutsArgumentsInOrder) {
  const Parameters parameters("f", Given(), {"a", "b", "c"}, 1);
  EXPECT_EQ(parameters.Integer(0, 9), 1);
  EXPECT_FALSE(parameters.Has(1));
  EXPECT_EQ(parameters.Integer(1, 9), 9);
  EXPECT_TRUE(parameters.Bool(1, true));
  EXPECT_EQ(parameters.Text(2, ""), "x");
}

TEST(ParametersTest, NamesWhatIsWrong) {
  EXPECT_EQ(Failure(Given(), 2), "f needs argument 'b'");
  EXPECT_EQ(Failure(Given(), 1), "argument 'a' of f must be a string, not int");
  Arguments arguments = Given();
  arguments.named.emplace_back("a", Value::None());
  EXPECT_EQ(Failure(arguments, 0), "f got argument 'a' twice");
  arguments = Given();
  arguments.named.emplace_back("z", Value::None());
  EXPECT_EQ(Failure(arguments, 0), "f has no argument 'z'");
  arguments = Given();
  arguments.positional.resize(4);
  EXPECT_EQ(Failure(arguments, 0), "f takes at most 3 arguments, found 4");
}

}  // namespace
}  // namespace winnow::model::jinja
