// A compiled grammar as any number of requests, to any model, are bound to it.
#pragma once
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "grammar/masks.h"
#include "tokenize/tokenizer.h"

namespace lt::grammar {

// A grammar that was compiled, whatever it is used over.
struct Binding {
  explicit Binding(std::shared_ptr<Grammar> compiled) : grammar(std::move(compiled)) {}
  const std::shared_ptr<Grammar> grammar;
};

// A tokenizer's vocabulary, sorted when it is first asked for, and over it the masks of each grammar that was used: made once, and kept for
// the requests that follow as long as the grammar and this are. What holds a grammar alone holds no model's file. Thread-safe.
class LazyVocabulary {
 public:
  explicit LazyVocabulary(std::shared_ptr<const tokenize::Tokenizer> tokenizer) : tokenizer_(std::move(tokenizer)) {}
  std::shared_ptr<const Vocabulary> get();  // keeps the tokenizer
  std::shared_ptr<Masks> masks(const std::shared_ptr<const Binding>& of);

 private:
  struct Kept {
    std::weak_ptr<const Binding> of;
    std::shared_ptr<Masks> masks;
  };
  std::shared_ptr<Masks> known(const std::shared_ptr<const Binding>& of);

  const std::shared_ptr<const tokenize::Tokenizer> tokenizer_;
  std::mutex mutex_;
  std::shared_ptr<const Vocabulary> made_;
  std::vector<Kept> kept_;
};

}  // namespace lt::grammar
