#include <string>
#include <utility>

#include "tokenize/byte_alphabet.h"
#include "tokenize/encoder.h"
#include "tokenize/merge.h"
#include "tokenize/merge_list.h"
#include "tokenize/pretokenize.h"
#include "tokenize/spelling.h"
#include "tokenize/unknown.h"
#include "tokenize/word_cache.h"

namespace lt::tokenize {

namespace {

class ByteLevel final : public Encoder {
 public:
  ByteLevel(const Vocabulary& vocabulary, const gguf::File& file, Splitter splitter, bool whole_words, bool adds_bos)
      : vocabulary_(vocabulary),
        splitter_(std::move(splitter)),
        whole_words_(whole_words),
        adds_bos_(adds_bos),
        merges_(file),
        unknown_(vocabulary, file) {}

  void append(std::string_view text, std::vector<int32_t>& ids) const override {
    Merging merging;
    WordCache cache(text.size());
    std::string spelt;
    const auto encode = [&](std::string_view word) {
      spelt.clear();
      ByteAlphabet::get().spell(word, spelt);
      append_word(merging, spelt, ids);
    };
    splitter_.words(text, [&](std::string_view word) { cache.append(word, ids, encode); });
  }

  void read(std::string_view token, std::string& bytes) const override { ByteAlphabet::get().read(token, bytes); }
  bool adds_bos() const override { return adds_bos_; }

 private:
  void append_word(Merging& merging, std::string_view word, std::vector<int32_t>& ids) const {
    if (whole_words_)
      if (const int32_t id = vocabulary_.find(word); id >= 0) return ids.push_back(id);
    const auto rank = [&](std::string_view both, size_t left) { return merges_.rank(both, left); };
    if (vocabulary_.from_folder) {
      Unknown::Word symbols(unknown_, ids);
      merging.run(word, rank, [&](std::string_view symbol) { symbols.put(symbol, vocabulary_.find(symbol)); });
      return symbols.finish();
    }
    merging.run(word, rank, [&](std::string_view symbol) {
      if (const int32_t id = vocabulary_.find(symbol); id >= 0) return ids.push_back(id);
      append_letters(symbol, ids);
    });
  }

  // A merge may make what is no token: then its letters stand for themselves, as far as the vocabulary has them.
  void append_letters(std::string_view symbol, std::vector<int32_t>& ids) const {
    for (size_t at = 0; at < symbol.size();) {
      const uint32_t bytes = read_utf8(symbol, at).bytes;
      if (const int32_t id = vocabulary_.find(symbol.substr(at, bytes)); id >= 0) ids.push_back(id);
      at += bytes;
    }
  }

  const Vocabulary& vocabulary_;
  Splitter splitter_;
  bool whole_words_;
  bool adds_bos_;
  MergeList merges_;
  Unknown unknown_;  // of a folder's
};

class MergedCharacters final : public Encoder {
 public:
  MergedCharacters(const Vocabulary& vocabulary, const gguf::File& file, const Pretokenizer& pretokenizer)
      : vocabulary_(vocabulary),
        splitter_(pretokenizer.patterns),
        marks_spaces_(pretokenizer.spelling == Pretokenizer::Spelling::marked_characters),
        merges_(file),
        bytes_(byte_tokens(vocabulary)),
        words_(vocabulary) {
    if (marks_spaces_) merges_.each_made([&](std::string_view made) { words_.joins(made); });
  }

  void append(std::string_view text, std::vector<int32_t>& ids) const override {
    std::string spelt;
    if (marks_spaces_) {
      spell_spaces(text, spelt);
      text = spelt;
    }
    Merging merging;
    WordCache cache(text.size());
    const auto encode = [&](std::string_view word) { append_word(merging, word, ids); };
    splitter_.words(text, [&](std::string_view part) {
      for (size_t at = 0; at < part.size();) {
        const size_t end = marks_spaces_ ? words_.end(part, at) : part.size();
        cache.append(part.substr(at, end - at), ids, encode);
        at = end;
      }
    });
  }

  void read(std::string_view token, std::string& bytes) const override { marks_spaces_ ? read_spaces(token, bytes) : void(bytes += token); }
  bool adds_bos() const override { return true; }

 private:
  void append_word(Merging& merging, std::string_view word, std::vector<int32_t>& ids) const {
    const auto rank = [&](std::string_view both, size_t left) { return merges_.rank(both, left); };
    merging.run(word, rank, [&](std::string_view symbol) {
      if (const int32_t id = vocabulary_.find(symbol); id >= 0) return ids.push_back(id);
      for (const char c : symbol)
        if (const int32_t byte = bytes_[static_cast<uint8_t>(c)]; byte >= 0) ids.push_back(byte);
    });
  }

  const Vocabulary& vocabulary_;
  Splitter splitter_;
  bool marks_spaces_;
  MergeList merges_;
  std::array<int32_t, 256> bytes_;
  WordEnds words_;
};

}  // namespace

std::unique_ptr<Encoder> make_byte_level(const Vocabulary& vocabulary, const gguf::File& file, Splitter splitter, bool whole_words,
                                         bool adds_bos) {
  return std::make_unique<ByteLevel>(vocabulary, file, std::move(splitter), whole_words, adds_bos);
}

std::unique_ptr<Encoder> make_merged_characters(const Vocabulary& vocabulary, const gguf::File& file, const Pretokenizer& pretokenizer) {
  return std::make_unique<MergedCharacters>(vocabulary, file, pretokenizer);
}

}  // namespace lt::tokenize
