// A compiled grammar as any number of requests, to any model, are bound to it.
#pragma once
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "grammar/masks.h"
#include "tokenize/tokenizer.h"

namespace lt::grammar {

// A tokenizer's vocabulary, sorted when it is first asked for. Thread-safe.
class LazyVocabulary {
 public:
  explicit LazyVocabulary(std::shared_ptr<const tokenize::Tokenizer> tokenizer) : tokenizer_(std::move(tokenizer)) {}
  std::shared_ptr<const Vocabulary> get();  // keeps the tokenizer

 private:
  const std::shared_ptr<const tokenize::Tokenizer> tokenizer_;
  std::mutex mutex_;
  std::shared_ptr<const Vocabulary> made_;
};

// Over each vocabulary the masks of a grammar are made once, and kept for the requests that follow. Thread-safe.
class Binding {
 public:
  explicit Binding(std::shared_ptr<Grammar> grammar) : grammar_(std::move(grammar)) {}
  std::shared_ptr<Masks> over(const std::shared_ptr<const Vocabulary>& vocabulary);

 private:
  static constexpr size_t most_kept = 4;  // vocabularies, those used last

  const std::shared_ptr<Grammar> grammar_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Masks>> kept_;
};

}  // namespace lt::grammar
