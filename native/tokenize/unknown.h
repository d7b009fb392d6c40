// What becomes of characters that the vocabulary has not, by the rules of the library "tokenizers": their bytes where all of them are
// tokens, else the unknown token, one for a run of them where they are fused, else nothing.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gguf/file.h"
#include "tokenize/vocabulary.h"

namespace lt::tokenize {

class Unknown {
 public:
  Unknown(const Vocabulary& vocabulary, const gguf::File& file);

  int32_t id() const { return id_; }  // -1: none
  // True where the bytes of `symbol` are put in its place.
  bool bytes_of(std::string_view symbol, std::vector<int32_t>& ids) const;

  // The symbols of one word, in order, then finish().
  class Word {
   public:
    Word(const Unknown& unknown, std::vector<int32_t>& ids) : unknown_(unknown), ids_(ids) {}
    void put(std::string_view symbol, int32_t id);  // -1: the vocabulary has none
    void finish();

   private:
    const Unknown& unknown_;
    std::vector<int32_t>& ids_;
    bool pending_ = false;
  };

 private:
  int32_t id_ = -1;
  bool fused_ = false;
  bool to_bytes_ = false;
  std::array<int32_t, 256> bytes_;
};

}  // namespace lt::tokenize
