// Text to token ids and back, by what a GGUF file's metadata says.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/file.h"

namespace lt::tokenize {

class Tokenizer {
 public:
  // Throws Code::format for a broken vocabulary, Code::unsupported for a kind of tokenizer that is not built. Tokens stay in the
  // file, which must outlive the tokenizer; given a shared pointer, the tokenizer sees to that. pre: the pre-tokenizer, whatever the
  // file says (Code::argument: there is none of that name).
  static std::shared_ptr<const Tokenizer> load(const gguf::File& file, std::string_view pre = {});
  static std::shared_ptr<const Tokenizer> load(std::shared_ptr<const gguf::File> file, std::string_view pre = {});
  virtual ~Tokenizer() = default;

  // special: control tokens written in the text become their ids; else they are plain text. Adds no begin or end token.
  // Any bytes are accepted; what is not UTF-8 is encoded as bytes where the vocabulary can. Throws Code::argument above 64 MiB.
  virtual std::vector<int32_t> encode(std::string_view text, bool special) const = 0;
  // special: control tokens are written out; else they give nothing. An id that is no token's throws Code::argument.
  virtual std::string decode(std::span<const int32_t> ids, bool special) const = 0;
  // The bytes of one token: what decode would append for it, but for the space that some vocabularies strip at the start.
  virtual std::string_view piece(int32_t id, bool special) const = 0;
  // True where decode drops the space that leads its result (SentencePiece's dummy prefix).
  virtual bool strips_first_space() const = 0;

  virtual int32_t size() const = 0;
  virtual int32_t bos() const = 0;  // -1: none
  virtual int32_t eos() const = 0;  // -1: none
  // The marks of fill-in-the-middle prompts that the file names by their ids: before the prefix, the suffix, the middle. -1: it does not.
  virtual std::array<int32_t, 3> fill_marks() const { return {-1, -1, -1}; }
  virtual bool add_bos() const = 0;
  virtual bool add_eos() const = 0;
  virtual bool ends_generation(int32_t id) const = 0;  // eos, eot, eom and the tokens that are so by name
  // Of them, the marks between files and such: they end the middle of a fill-in-the-middle prompt, and no text else.
  virtual bool ends_middle(int32_t) const { return false; }
  virtual bool is_control(int32_t id) const = 0;
  // False of ids beyond size(), and of tokens that are there only to fill up the rows of the model's token table: such an id is never
  // to be sampled, and there is no text to call it by.
  virtual bool has_name(int32_t id) const { return id >= 0 && id < size(); }
  virtual std::string_view text(int32_t id) const = 0;  // as the vocabulary spells it
};

// Streaming detokenization: bytes go in token by token, whole UTF-8 characters come out. Invalid bytes become U+FFFD.
class Utf8Stream {
 public:
  std::string push(std::string_view bytes);           // what is complete now
  std::string finish();                               // what was left over
  bool pending() const { return !pending_.empty(); }  // the beginning of a character is

 private:
  std::string pending_;
};

}  // namespace lt::tokenize
