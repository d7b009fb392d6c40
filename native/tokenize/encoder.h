// The kinds of vocabularies. An encoder turns text without special tokens into ids.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/file.h"
#include "tokenize/pretokenize.h"
#include "tokenize/vocabulary.h"

namespace lt::tokenize {

class Encoder {
 public:
  virtual ~Encoder() = default;
  // `text` is not empty: what stands between special tokens, or the whole.
  virtual void append(std::string_view text, std::vector<int32_t>& ids) const = 0;
  // Words that are cut already, one after the other in `spelt`, each by where it ends.
  virtual void append_words(std::string_view spelt, std::span<const size_t> ends, std::vector<int32_t>& ids) const {
    for (size_t i = 0, begin = 0; i < ends.size(); begin = ends[i++]) append(spelt.substr(begin, ends[i] - begin), ids);
  }
  // The bytes that a normal token stands for.
  virtual void read(std::string_view token, std::string& bytes) const = 0;
  virtual bool strips_first_space() const { return false; }
  virtual bool adds_bos() const = 0;                  // where the file does not say
  virtual bool parts_marks() const { return false; }  // decoding puts a space before tokens that are no words
  // What decoding makes better in the whole that it gives, where the vocabulary does not keep which spaces there were.
  virtual void tidy(std::string&) const {}
};

// SentencePiece's byte-pair encoding: the pair whose joined token has the best score goes first (Kudo and Richardson 2018).
std::unique_ptr<Encoder> make_sentencepiece(const Vocabulary& vocabulary, const gguf::File& file);
// Merges by their order in a list, over bytes spelt as text, cut by a pre-tokenizer (Radford et al. 2019).
std::unique_ptr<Encoder> make_byte_level(const Vocabulary& vocabulary, const gguf::File& file, Splitter splitter, bool whole_words,
                                         bool adds_bos);
// As the library "tokenizers" merges characters, of text that is spelt already.
std::unique_ptr<Encoder> make_spelt_characters(const Vocabulary& vocabulary, const gguf::File& file);
// Merges by their order in a list, over characters with SentencePiece's bytes, and its spaces where the pre-tokenizer says so (Gemma 4).
std::unique_ptr<Encoder> make_merged_characters(const Vocabulary& vocabulary, const gguf::File& file, const Pretokenizer& pretokenizer);
// As the library "tokenizers" does it, of words that are cut already.
std::unique_ptr<Encoder> make_word_pieces(const Vocabulary& vocabulary, const gguf::File& file);
std::unique_ptr<Encoder> make_wordpiece(const Vocabulary& vocabulary, const gguf::File& file);
std::unique_ptr<Encoder> make_unigram(const Vocabulary& vocabulary, const gguf::File& file);
std::unique_ptr<Encoder> make_greedy_bytes(const Vocabulary& vocabulary);
std::unique_ptr<Encoder> make_least_cost(const Vocabulary& vocabulary, const gguf::File& file);

}  // namespace lt::tokenize
