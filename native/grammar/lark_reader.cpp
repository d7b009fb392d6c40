#include "grammar/lark_reader.h"

#include <optional>

#include "core/text.h"
#include "grammar/lark_common.h"
#include "grammar/lark_items.h"
#include "json/json.h"

namespace lt::grammar {
namespace {

class LarkReader : LarkItems {
 public:
  LarkReader(std::string_view text, const TokenNames& names) : LarkItems(text, names) {}

  LarkGrammar grammar() {
    symbol_of("start", 0);
    for (skip(true); !done(); skip(true)) {
      if (text_[at_] == '%')
        statement();
      else
        definition();
      skip(false);
      if (!done() && !at_line_end()) expected("|, or the end of the line");
    }
    if (!grammar_.symbols[0].defined) refuse(Code::argument, 0, "expected a rule start, found none");
    for (const LarkSymbol& s : grammar_.symbols)
      if (!s.defined) refuse(Code::argument, s.at, (s.terminal ? "the terminal " : "the rule ") + shown(s.name) + " is not defined");
    return std::move(grammar_);
  }

 private:
  LarkSymbol& defined(std::string_view name, size_t at) {
    LarkSymbol& s = grammar_.symbols[symbol_of(name, at)];
    if (s.defined) refuse(Code::argument, at, shown(name) + " is defined twice");
    s.defined = true;
    s.at = at;
    return s;
  }

  void definition() {
    while (take("?") || take("!")) {
    }
    const size_t at = at_;
    const std::string_view named = name("a rule, a terminal or a statement with %");
    skip(false);
    if (sees("{")) not_built(at, "the template " + shown(named) + " is not supported: write a rule for each of its uses");
    if (sees("::")) not_built(at, "the parameters of " + shown(named) + " are not supported: write a rule for each of their values");
    bool lazy = false;
    std::vector<LarkItem> suffix;
    for (bool more = true; more; skip(false)) {
      more = false;
      if (take(".")) {
        if (!take("-")) take("+");
        if (!digit_at(at_)) expected("a priority, a number");
        number();
        more = true;
      } else if (take("[")) {
        attributes(lazy, suffix);
        more = true;
      }
    }
    want(":");
    LarkSymbol& symbol = defined(named, at);
    const uint32_t own = symbol_of(named, at);
    symbol.lazy = lazy || !suffix.empty();
    symbol.suffix = std::move(suffix);
    LarkItem body = choice(false);
    grammar_.symbols[own].body = std::move(body);
  }

  // Behind the opening bracket.
  void attributes(bool& lazy, std::vector<LarkItem>& suffix) {
    for (skip(true); !take("]"); skip(true)) {
      const size_t at = at_;
      const std::string_view key = name("the name of an attribute, or ]");
      skip(true);
      const bool valued = take("=");
      skip(true);
      if (key == "lazy" && !valued) {
        lazy = true;
      } else if (key == "suffix" && valued) {
        suffix.clear();
        suffix.push_back(atom());
      } else if ((key == "capture" || key == "capture_name" || key == "stop_capture") && (valued || key == "capture")) {
        if (!valued) {
          // its name is that of the rule
        } else if (take("\"")) {
          characters();
        } else {
          expected("the name of the capture, in quotes");
        }
      } else if (key == "stop" || key == "max_tokens" || key == "temperature") {
        not_built(at, "the attribute " + shown(key) + " is not supported" + (key == "stop" ? ": use suffix or lazy" : ": leave it out"));
      } else {
        at_ = at;
        expected("one of the attributes capture, lazy and suffix=...");
      }
      skip(true);
      if (!take(",") && !sees("]")) expected(", or ]");
    }
  }

  void statement() {
    const size_t at = at_;
    const auto is = [&](std::string_view word) {
      const bool here = sees(word) && (at_ + word.size() >= text_.size() || !in_name(text_[at_ + word.size()]));
      if (here) at_ += word.size();
      return here;
    };
    if (is("%ignore")) {
      LarkItem texts = choice(false);
      grammar_.ignored.push_back(std::move(texts));
    } else if (is("%import")) {
      imports();
    } else if (is("%llguidance")) {
      options();
    } else {
      for (const char* word : {"%declare", "%override", "%extend", "%lark", "%if"})
        if (is(word)) not_built(at, std::string(word) + " is not supported");
      expected("%ignore, %import, %llguidance, or a definition");
    }
  }

  void imports() {
    skip(false);
    const size_t at = at_;
    if (take(".")) not_built(at, "imports of other grammars are not supported: only of common");
    const std::string_view from = name("the name of a grammar");
    std::vector<std::pair<std::string_view, size_t>> names;
    skip(false);
    if (take(".")) {
      skip(false);
      const size_t here = at_;
      names.emplace_back(name("the name of a terminal"), here);
    } else {
      want("(");
      do {
        skip(true);
        const size_t here = at_;
        names.emplace_back(name("the name of a terminal"), here);
        skip(true);
      } while (take(","));
      want(")");
    }
    if (from != "common") not_built(at, "imports from " + shown(from) + " are not supported: only from common");
    skip(false);
    std::string_view as = names[0].first;
    size_t as_at = names[0].second;
    if (names.size() == 1 && take("->")) {
      skip(false);
      as_at = at_;
      as = name("a name for what is imported");
    }
    for (const auto& [name, here] : names) {
      const std::optional<std::string_view> pattern = common_terminal(name);
      if (!pattern) refuse(Code::argument, here, "common has no terminal " + shown(name));
      LarkSymbol& symbol = names.size() == 1 ? defined(as, as_at) : defined(name, here);
      if (!symbol.terminal) refuse(Code::argument, as_at, "a terminal has a name of upper-case letters");
      symbol.body = item_of(ItemKind::pattern, here);
      symbol.body.text = std::string(*pattern);
    }
  }

  void options() {
    skip(true);
    const size_t at = at_;
    const std::string_view written = object();
    with_json(at, written, [&](const json::Value& root) {
      for (const json::Member& m : root) {
        const bool on = m.value.boolean().value_or(true);
        if (m.key == "no_forcing" || (m.key == "allow_invalid_utf8" && !on)) continue;
        if (m.key == "skip_repetition" && m.value.string() == "once")
          grammar_.ignored_once = true;
        else
          not_built(at, "the option " + shown(m.key) + " of %llguidance, with this value, is not supported");
      }
    });
  }
};

}  // namespace

LarkGrammar read_lark(std::string_view text, const TokenNames& names) { return LarkReader(text, names).grammar(); }

}  // namespace lt::grammar
