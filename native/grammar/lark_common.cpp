#include "grammar/lark_common.h"

#include <algorithm>
#include <iterator>

namespace lt::grammar {
namespace {

struct CommonTerminal {
  std::string_view name, pattern;
};

// Each as one expression of its whole text: what lark's library puts together of others and ends early by looking behind is written out.
constexpr CommonTerminal common_terminals[] = {
    {"DIGIT", R"([0-9])"},
    {"HEXDIGIT", R"([0-9A-Fa-f])"},
    {"INT", R"([0-9]+)"},
    {"SIGNED_INT", R"([+\-]?[0-9]+)"},
    {"DECIMAL", R"([0-9]+\.[0-9]*|\.[0-9]+)"},
    {"FLOAT", R"([0-9]+[eE][+\-]?[0-9]+|([0-9]+\.[0-9]*|\.[0-9]+)([eE][+\-]?[0-9]+)?)"},
    {"SIGNED_FLOAT", R"([+\-]?([0-9]+[eE][+\-]?[0-9]+|([0-9]+\.[0-9]*|\.[0-9]+)([eE][+\-]?[0-9]+)?))"},
    {"NUMBER", R"(([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+\-]?[0-9]+)?)"},
    {"SIGNED_NUMBER", R"([+\-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+\-]?[0-9]+)?)"},
    {"ESCAPED_STRING", R"("([^"\\\n]|\\[^\n])*")"},
    {"LCASE_LETTER", R"([a-z])"},
    {"UCASE_LETTER", R"([A-Z])"},
    {"LETTER", R"([A-Za-z])"},
    {"WORD", R"([A-Za-z]+)"},
    {"CNAME", R"([A-Za-z_][A-Za-z_0-9]*)"},
    {"WS_INLINE", R"([ \t]+)"},
    {"WS", R"([ \t\f\r\n]+)"},
    {"CR", R"(\r)"},
    {"LF", R"(\n)"},
    {"NEWLINE", R"((\r?\n)+)"},
    {"SH_COMMENT", R"(#[^\n]*)"},
    {"CPP_COMMENT", R"(\/\/[^\n]*)"},
    {"C_COMMENT", R"(\/\*([^*]|\*+[^*\/])*\*+\/)"},
    {"SQL_COMMENT", R"(--[^\n]*)"},
};

}  // namespace

std::optional<std::string_view> common_terminal(std::string_view name) {
  const auto found =
      std::find_if(std::begin(common_terminals), std::end(common_terminals), [&](const CommonTerminal& t) { return t.name == name; });
  return found == std::end(common_terminals) ? std::nullopt : std::optional(found->pattern);
}

}  // namespace lt::grammar
