// Grammars that texts are bound to: compiled on a thread of their own, held by JavaScript, asked without a model.
#pragma once
#include <napi.h>

#include <memory>

#include "grammar/binding.h"

namespace lt::addon {

// compileGrammar(ticket, kind, source, options, .), over a vocabulary or, where it is null, for any. Without one, a grammar that names
// tokens is checked, and gives no handle.
Napi::Value compile_grammar(const Napi::CallbackInfo& info, std::shared_ptr<grammar::LazyVocabulary> vocabulary);
// The grammar of a handle that compileGrammar gave.
std::shared_ptr<grammar::Binding> binding_of(const Napi::Value& handle);
// checkGrammar(ticket, ., grammar, questions), over a vocabulary.
Napi::Value check_grammar(const Napi::CallbackInfo& info, std::shared_ptr<const tokenize::Tokenizer> tokenizer,
                          std::shared_ptr<grammar::LazyVocabulary> vocabulary);

}  // namespace lt::addon
