// Any bytes are a regular expression, a grammar, choices or a JSON Schema whose texts can be walked, or an lt::Error.
#include "core/error.h"
#include "grammar/automaton.h"
#include "grammar/choices.h"
#include "grammar/gbnf.h"
#include "grammar/lark.h"
#include "grammar/pattern.h"
#include "grammar/schema.h"

using namespace lt::grammar;

namespace {

std::optional<int32_t> number_of(std::string_view name) { return static_cast<int32_t>(name.size()); }

Expression read(uint8_t kind, std::string_view text, Expressions& e) {
  switch (kind % 6) {
    case 0:
      return texts_of(parse_ecma(text), plain_alphabet(e), false);
    case 1:
      return texts_of(parse_ecma(text), plain_alphabet(e), true);
    case 2:
      return texts_of_gbnf(text, number_of, e);
    case 3:
      return texts_of_schema(text, {.draft7 = text.size() % 2 == 0, .any_space = text.size() % 3 == 0}, e);
    case 4:
      return texts_of_lark(text, number_of, {.any_space = text.size() % 2 == 0}, e);
    default:
      return either_of(e, {text.substr(0, text.size() / 2), text.substr(text.size() / 2)});
  }
}

// To the end of some text, each time by the first byte that there is from a number on.
void walk(Automaton& automaton) {
  Automaton::State state = automaton.start();
  for (int step = 0; step < 200 && state != Automaton::dead && !automaton.ends(state); ++step) {
    Automaton::State to = Automaton::dead;
    for (int b = 0; b < 256 && to == Automaton::dead; ++b) to = automaton.next(state, static_cast<uint8_t>(b + step * 37));
    if (to == Automaton::dead && state != automaton.start()) __builtin_trap();  // a dead end
    state = to;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    Expressions expressions(100'000);
    expressions.allow(1'000'000);
    Automaton automaton(expressions, read(data[0], text, expressions));
    expressions.allow(1'000'000);
    walk(automaton);
    Automaton::State state = automaton.start();
    for (const char byte : text) state = automaton.next(state, static_cast<uint8_t>(byte));
  } catch (const lt::Error&) {
  }
  return 0;
}
