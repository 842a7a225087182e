#include "model/jinja/parser.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "model/jinja/error.h"
#include "model/jinja/expression_parser.h"
#include "model/jinja/token_stream.h"

namespace winnow::model::jinja {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view source) : tokens_(Lex(source)) {}

  Body Run() {
    Body body = ParseBody({});
    if (!tokens_.IsKind(TokenKind::kEnd)) {
      tokens_.Fail(Format("unexpected `{}`", tokens_.Current().text));
    }
    return body;
  }

 private:
  using Words = std::initializer_list<std::string_view>;

  StatementPtr Make(StatementKind kind) {
    auto made = std::make_unique<Statement>();
    made->kind = kind;
    made->line = tokens_.line();
    return made;
  }

  // Statements up to a block that begins with one of `ends`; the cursor is left on that word.
  Body ParseBody(Words ends) {
    const TokenStream::Nesting nesting(&tokens_);
    const int line = block_line_;
    Body body;
    while (!tokens_.IsKind(TokenKind::kEnd)) {
      if (tokens_.IsKind(TokenKind::kText)) {
        StatementPtr made = Make(StatementKind::kText);
        made->text = tokens_.Next().text;
        body.push_back(std::move(made));
      } else if (tokens_.IsKind(TokenKind::kVariableBegin)) {
        body.push_back(ParseOutput());
      } else {
        tokens_.Next();  // {%
        if (tokens_.IsAnyName(ends)) return body;
        body.push_back(ParseBlock());
      }
    }
    if (ends.size() > 0) {
      throw Error(Format("missing `{}` of the block", *std::prev(ends.end())), line);
    }
    return body;
  }

  // A body and its closing word, which is the last of `ends`, up to and including "%}".
  Body ParseClosedBody(std::string_view end) {
    Body body = ParseBody({end});
    tokens_.Next();
    tokens_.ExpectKind(TokenKind::kBlockEnd);
    return body;
  }

  StatementPtr ParseOutput() {
    StatementPtr made = Make(StatementKind::kOutput);
    tokens_.Next();
    made->expression = ParseTuple(&tokens_, /*with_conditional=*/true);
    tokens_.ExpectKind(TokenKind::kVariableEnd);
    return made;
  }

  // One block, the cursor on its first word.
  StatementPtr ParseBlock() {
    const int outer = std::exchange(block_line_, tokens_.line());
    StatementPtr made = ParseBlockNamed();
    block_line_ = outer;
    return made;
  }

  StatementPtr ParseBlockNamed() {
    if (!tokens_.IsKind(TokenKind::kName)) tokens_.FailExpected("the name of a block");
    if (tokens_.IsName("if")) return ParseIf();
    if (tokens_.IsName("for")) return ParseFor();
    if (tokens_.IsName("set")) return ParseSet();
    if (tokens_.IsName("macro")) return ParseMacro();
    if (tokens_.IsName("call")) return ParseCall();
    if (tokens_.IsName("filter")) return ParseFilter();
    if (tokens_.IsName("with")) return ParseWith();
    if (tokens_.IsName("generation")) return ParseGeneration();
    if (tokens_.IsAnyName({"break", "continue"})) return ParseLoopControl();
    tokens_.Fail(Format("block `{}` is not supported", tokens_.Current().text));
  }

  StatementPtr ParseIf() {
    StatementPtr made = Make(StatementKind::kIf);
    do {
      tokens_.Next();  // if, elif
      ExpressionPtr condition = ParseTuple(&tokens_, /*with_conditional=*/false);
      tokens_.ExpectKind(TokenKind::kBlockEnd);
      Body body = ParseBody({"elif", "else", "endif"});
      made->branches.emplace_back(std::move(condition), std::move(body));
    } while (tokens_.IsName("elif"));
    if (tokens_.SkipName("else")) {
      tokens_.ExpectKind(TokenKind::kBlockEnd);
      made->branches.emplace_back(nullptr, ParseBody({"endif"}));
    }
    tokens_.Next();  // endif
    tokens_.ExpectKind(TokenKind::kBlockEnd);
    return made;
  }

  StatementPtr ParseFor() {
    StatementPtr made = Make(StatementKind::kFor);
    tokens_.Next();
    made->target = ParseTarget(/*with_field=*/false);
    if (!tokens_.SkipName("in")) tokens_.FailExpected("`in`");
    made->expression = ParseTuple(&tokens_, /*with_conditional=*/false);
    if (tokens_.SkipName("if")) made->condition = ParseExpression(&tokens_);
    if (tokens_.IsName("recursive")) tokens_.Fail("recursive loops are not supported");
    tokens_.ExpectKind(TokenKind::kBlockEnd);
    const int outer = std::exchange(loops_, loops_ + 1);
    made->body = ParseBody({"else", "endfor"});
    loops_ = outer;
    if (tokens_.SkipName("else")) {
      tokens_.ExpectKind(TokenKind::kBlockEnd);
      made->otherwise = ParseBody({"endfor"});
    }
    tokens_.Next();  // endfor
    tokens_.ExpectKind(TokenKind::kBlockEnd);
    return made;
  }

  StatementPtr ParseLoopControl() {
    StatementPtr made =
        Make(tokens_.IsName("break") ? StatementKind::kBreak : StatementKind::kContinue);
    if (loops_ == 0) {
      tokens_.Fail(Format("`{}` must be inside of a loop", tokens_.Current().text));
    }
    tokens_.Next();
    tokens_.ExpectKind(TokenKind::kBlockEnd);
    return made;
  }

  Target ParseTarget(bool with_field) {
    Target first = ParseTargetPart(with_field);
    if (!tokens_.IsOperator(",")) return first;
    Target tuple;
    tuple.parts.push_back(std::move(first));
    while (tokens_.SkipOperator(",")) {
      if (!tokens_.IsKind(TokenKind::kName) && !tokens_.IsOperator("(")) break;
      if (tokens_.IsName("in")) break;
      tuple.parts.push_back(ParseTargetPart(with_field));
    }
    return tuple;
  }

  Target ParseTargetPart(bool with_field) {
    const TokenStream::Nesting nesting(&tokens_);
    if (tokens_.SkipOperator("(")) {
      Target inside = ParseTarget(/*with_field=*/false);
      tokens_.ExpectOperator(")");
      return inside;
    }
    Target target;
    target.name = tokens_.ExpectName();
    constexpr std::string_view kConstants[] = {"true", "false", "none", "True", "False", "None"};
    if (std::find(std::begin(kConstants), std::end(kConstants), target.name) !=
        std::end(kConstants)) {
      tokens_.Fail(Format("cannot assign to `{}`", target.name));
    }
    if (with_field && tokens_.SkipOperator(".")) target.field = tokens_.ExpectName();
    return target;
  }

  StatementPtr ParseSet() {
    StatementPtr made = Make(StatementKind::kSet);
    tokens_.Next();
    made->target = ParseTarget(/*with_field=*/true);
    if (tokens_.SkipOperator("=")) {
      made->expression = ParseTuple(&tokens_, /*with_conditional=*/true);
      tokens_.ExpectKind(TokenKind::kBlockEnd);
      return made;
    }
    made->kind = StatementKind::kSetBlock;
    if (tokens_.SkipOperator("|")) made->filter = ParseBlockFilters(&tokens_);
    tokens_.ExpectKind(TokenKind::kBlockEnd);
    made->body = ParseOutsideOfLoops("endset");
    return made;
  }

  // A body whose text is collected: break and continue cannot leave it.
  Body ParseOutsideOfLoops(std::string_view end) {
    const int outer = std::exchange(loops_, 0);
    Body body = ParseClosedBody(end);
    loops_ = outer;
    return body;
  }

  // The parameters of a macro or of a caller, in parentheses.
  void ParseSignature(MacroDefinition* macro) {
    tokens_.ExpectOperator("(");
    while (!tokens_.SkipOperator(")")) {
      if (!macro->parameters.empty()) {
        tokens_.ExpectOperator(",");
        if (tokens_.SkipOperator(")")) break;
      }
      macro->parameters.push_back(tokens_.ExpectName());
      if (tokens_.SkipOperator("=")) {
        macro->defaults.push_back(ParseExpression(&tokens_));
      } else if (!macro->defaults.empty()) {
        tokens_.Fail("a parameter without a default follows one that has one");
      }
    }
  }

  void ParseMacroBody(MacroDefinition* macro, std::string_view end) {
    tokens_.ExpectKind(TokenKind::kBlockEnd);
    const size_t begin = tokens_.position();
    macro->body = ParseOutsideOfLoops(end);
    macro->uses_varargs = tokens_.HasNameSince(begin, "varargs");
    macro->uses_kwargs = tokens_.HasNameSince(begin, "kwargs");
    macro->uses_caller = tokens_.HasNameSince(begin, "caller");
  }

  StatementPtr ParseMacro() {
    StatementPtr made = Make(StatementKind::kMacro);
    tokens_.Next();
    made->macro = std::make_unique<MacroDefinition>();
    made->macro->name = tokens_.ExpectName();
    ParseSignature(made->macro.get());
    ParseMacroBody(made->macro.get(), "endmacro");
    return made;
  }

  StatementPtr ParseCall() {
    StatementPtr made = Make(StatementKind::kCall);
    tokens_.Next();
    made->macro = std::make_unique<MacroDefinition>();
    made->macro->name = "caller";
    if (tokens_.IsOperator("(")) ParseSignature(made->macro.get());
    made->expression = ParseExpression(&tokens_);
    if (made->expression->kind != ExpressionKind::kCall) tokens_.FailExpected("a call");
    ParseMacroBody(made->macro.get(), "endcall");
    return made;
  }

  StatementPtr ParseFilter() {
    StatementPtr made = Make(StatementKind::kFilter);
    tokens_.Next();
    made->filter = ParseBlockFilters(&tokens_);
    tokens_.ExpectKind(TokenKind::kBlockEnd);
    made->body = ParseOutsideOfLoops("endfilter");
    return made;
  }

  StatementPtr ParseWith() {
    StatementPtr made = Make(StatementKind::kWith);
    tokens_.Next();
    while (!tokens_.IsKind(TokenKind::kBlockEnd)) {
      if (!made->assignments.empty()) tokens_.ExpectOperator(",");
      Target target = ParseTargetPart(/*with_field=*/false);
      tokens_.ExpectOperator("=");
      made->assignments.emplace_back(std::move(target), ParseExpression(&tokens_));
    }
    tokens_.ExpectKind(TokenKind::kBlockEnd);
    made->body = ParseClosedBody("endwith");
    return made;
  }

  // transformers marks what the model wrote; rendering is that of a scope.
  StatementPtr ParseGeneration() {
    StatementPtr made = Make(StatementKind::kWith);
    tokens_.Next();
    tokens_.ExpectKind(TokenKind::kBlockEnd);
    made->body = ParseOutsideOfLoops("endgeneration");
    return made;
  }

  TokenStream tokens_;
  int block_line_ = 0;  // where the innermost open block begins
  int loops_ = 0;       // that break and continue could leave here
};

}  // namespace

Body ParseTemplate(std::string_view source) { return Parser(source).Run(); }

}  // namespace winnow::model::jinja
