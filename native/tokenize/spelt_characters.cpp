#include "tokenize/byte_alphabet.h"
#include "tokenize/encoder.h"
#include "tokenize/merge.h"
#include "tokenize/merge_list.h"
#include "tokenize/spelling.h"
#include "tokenize/unknown.h"
#include "tokenize/word_cache.h"

namespace lt::tokenize {
namespace {

class SpeltCharacters final : public Encoder {
 public:
  SpeltCharacters(const Vocabulary& vocabulary, const gguf::File& file)
      : vocabulary_(vocabulary),
        merges_(file),
        unknown_(vocabulary, file),
        whole_words_(file.boolean("tokenizer.huggingface.ignore_merges").value_or(false)),
        strips_first_space_(file.boolean("tokenizer.huggingface.strip_space").value_or(false)),
        reads_bytes_(file.boolean("tokenizer.huggingface.byte_letters").value_or(false)),
        words_(vocabulary) {
    merges_.each_made([&](std::string_view made) { words_.joins(made); });
  }

  void append(std::string_view text, std::vector<int32_t>& ids) const override {
    Merging merging;
    WordCache cache(text.size());
    for (size_t at = 0; at < text.size();) {
      const size_t end = whole_words_ ? text.size() : words_.end(text, at);
      cache.append(text.substr(at, end - at), ids, [&](std::string_view word) { append_word(merging, word, ids); });
      at = end;
    }
  }

  void append_words(std::string_view spelt, std::span<const size_t> ends, std::vector<int32_t>& ids) const override {
    Merging merging;
    WordCache cache(spelt.size());
    size_t begin = 0;
    for (const size_t end : ends) {
      cache.append(spelt.substr(begin, end - begin), ids, [&](std::string_view word) { append_word(merging, word, ids); });
      begin = end;
    }
  }

  void read(std::string_view token, std::string& bytes) const override {
    reads_bytes_ ? ByteAlphabet::get().read(token, bytes) : read_spaces(token, bytes);
  }
  bool strips_first_space() const override { return strips_first_space_; }
  bool adds_bos() const override { return true; }

 private:
  void append_word(Merging& merging, std::string_view word, std::vector<int32_t>& ids) const {
    if (whole_words_)
      if (const int32_t id = vocabulary_.find(word); id >= 0) return ids.push_back(id);
    const auto rank = [&](std::string_view both, size_t left) { return merges_.rank(both, left); };
    Unknown::Word symbols(unknown_, ids);
    merging.run(word, rank, [&](std::string_view symbol) { symbols.put(symbol, vocabulary_.find(symbol)); });
    symbols.finish();
  }

  const Vocabulary& vocabulary_;
  MergeList merges_;
  Unknown unknown_;
  bool whole_words_;
  bool strips_first_space_;
  bool reads_bytes_;
  WordEnds words_;
};

}  // namespace

std::unique_ptr<Encoder> make_spelt_characters(const Vocabulary& vocabulary, const gguf::File& file) {
  return std::make_unique<SpeltCharacters>(vocabulary, file);
}

}  // namespace lt::tokenize
