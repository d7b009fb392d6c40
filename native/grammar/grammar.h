// What texts are bound to: a regular expression, a grammar, a list of choices or a JSON Schema, compiled. Shared by any number of requests,
// from any thread.
#pragma once
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "grammar/automaton.h"
#include "grammar/expressions.h"
#include "grammar/gbnf.h"

namespace lt::grammar {

struct SchemaOptions {
  bool draft7 = false;    // where the schema names none: items as a list, $ref without siblings
  bool any_space = true;  // spaces between JSON's marks, a few at a time; else at most one, behind , and :
};

// A JSON Schema that cannot be enforced as it is: by which keyword, and where it stands (a JSON pointer).
class SchemaError : public Error {
 public:
  SchemaError(std::string keyword, std::string pointer, const std::string& message)
      : Error(Code::schema, message), keyword_(std::move(keyword)), pointer_(std::move(pointer)) {}
  const std::string& keyword() const noexcept { return keyword_; }
  const std::string& pointer() const noexcept { return pointer_; }

 private:
  std::string keyword_, pointer_;
};

class Grammar {
 public:
  // All throw Code::argument for what is malformed or has no text, Code::unsupported for what is not built or too large.
  static std::shared_ptr<Grammar> regex(std::string_view pattern);                               // ECMA-262, of the whole text
  static std::shared_ptr<Grammar> gbnf(std::string_view grammar, const TokenNames& names = {});  // the rule `root`
  static std::shared_ptr<Grammar> lark(std::string_view grammar, const TokenNames& names = {}, SchemaOptions of = {});  // the rule `start`
  static std::shared_ptr<Grammar> choices(std::span<const std::string> choices);                                        // one of them
  static std::shared_ptr<Grammar> schema(std::string_view text, SchemaOptions of);  // JSON text that is valid. Throws SchemaError
  // What `make` makes over the expressions that it is given.
  template <class Make>
  static std::shared_ptr<Grammar> of(const Make& make) {
    return std::shared_ptr<Grammar>(new Grammar(make));
  }

  static constexpr size_t most_states = 500'000;  // expressions of one grammar
  // Of parts that are looked at to compile it, about a second, and in one turn, about 20 ms.
  static constexpr size_t most_compiled = 40'000'000, most_steps = 400'000;

  // One at a time: states are made when they are first met.
  class Turn {
   public:
    explicit Turn(Grammar& grammar, size_t parts = most_steps) : lock_(grammar.mutex_), grammar_(grammar) {
      grammar.expressions_.allow(parts);
    }
    bool spent() const { return grammar_.expressions_.spent(); }  // it was stopped by that limit
    Automaton* operator->() const { return &grammar_.automaton_; }
    Automaton& operator*() const { return grammar_.automaton_; }
    size_t bytes() const { return grammar_.expressions_.bytes() + grammar_.automaton_.bytes(); }  // of memory

   private:
    std::lock_guard<std::mutex> lock_;
    Grammar& grammar_;
  };

 private:
  template <class Make>
  explicit Grammar(const Make& make)
      : expressions_(most_states), automaton_(expressions_, (expressions_.allow(most_compiled), make(expressions_))) {}

  std::mutex mutex_;
  Expressions expressions_;
  Automaton automaton_;
};

}  // namespace lt::grammar
