#pragma once

#include <string_view>

#include "model/jinja/ast.h"
#include "model/jinja/token_stream.h"

// Jinja2's grammar of expressions. All throw Error with a line.
namespace winnow::model::jinja {

// `a if b else c` and all that binds tighter.
ExpressionPtr ParseExpression(TokenStream* tokens);
// Without an `if` of its own, as after `in` of a for loop.
ExpressionPtr ParseWithoutConditional(TokenStream* tokens);
// One expression, or several with commas as a tuple, up to the end of the tag.
ExpressionPtr ParseTuple(TokenStream* tokens, bool with_conditional);
// The filters of a block: `name(arguments) | name...` around a missing operand.
ExpressionPtr ParseBlockFilters(TokenStream* tokens);

}  // namespace winnow::model::jinja
