// WordPiece and WordLevel as the library "tokenizers" has them, of words that are cut already.
#include <string>

#include "tokenize/encoder.h"
#include "tokenize/longest_first.h"
#include "tokenize/spelling.h"
#include "tokenize/unknown.h"
#include "tokenize/word_cache.h"

namespace lt::tokenize {
namespace {

class WordPieces final : public Encoder {
 public:
  WordPieces(const Vocabulary& vocabulary, const gguf::File& file)
      : unknown_(Unknown(vocabulary, file).id()),
        most_letters_(file.u64("tokenizer.huggingface.most_letters").value_or(UINT64_MAX)),
        tidies_(file.boolean("tokenizer.huggingface.tidy").value_or(false)) {
    const auto prefix = file.string("tokenizer.huggingface.continuing_prefix");  // none: words are whole
    for (int32_t id = 0; id < vocabulary.size(); ++id)
      if (vocabulary.is(id, Kind::normal)) add(vocabulary.text(id), id);
    for (const AddedToken& token : vocabulary.added) {  // spelt as they are
      if (vocabulary.is_mark(token.id) || (token.flags & AddedToken::apart)) continue;
      const bool goes_on = prefix && token.text.starts_with(*prefix);
      goes_on ? pieces_.add(token.text.substr(prefix->size()), token.id) : beginnings_.add(token.text, token.id);
    }
    beginnings_.build();
    pieces_.build();
  }

  void append(std::string_view word, std::vector<int32_t>& ids) const override {
    const size_t end = word.size();
    append_words(word, std::span(&end, 1), ids);
  }

  void append_words(std::string_view spelt, std::span<const size_t> ends, std::vector<int32_t>& ids) const override {
    WordCache cache(spelt.size());
    size_t begin = 0;
    for (const size_t end : ends) {
      cache.append(spelt.substr(begin, end - begin), ids, [&](std::string_view word) { append_word(word, ids); });
      begin = end;
    }
  }

  void read(std::string_view token, std::string& bytes) const override { read_spaces(token, bytes); }
  bool strips_first_space() const override { return true; }
  bool adds_bos() const override { return true; }
  bool parts_marks() const override { return true; }

  void tidy(std::string& text) const override {
    if (!tidies_) return;
    size_t kept = 0;
    for (size_t i = 0; i < text.size(); ++i)
      if (text[i] != ' ' || i + 1 == text.size() || std::string_view("?!.,").find(text[i + 1]) == std::string_view::npos)
        text[kept++] = text[i];
    text.resize(kept);
  }

 private:
  void add(std::string_view text, int32_t id) {
    if (text.starts_with(kSpace)) {
      beginnings_.add(text.substr(kSpace.size()), id);
    } else {
      pieces_.add(text, id);
    }
  }

  void append_word(std::string_view word, std::vector<int32_t>& ids) const {
    const bool short_enough = word.size() <= most_letters_ || letters_in(word) <= most_letters_;
    if (!(short_enough && pieces_.append(word, beginnings_, ids)) && unknown_ >= 0) ids.push_back(unknown_);
  }

  static size_t letters_in(std::string_view word) {
    size_t letters = 0;
    for (size_t at = 0; at < word.size(); at += read_utf8(word, at).bytes) ++letters;
    return letters;
  }

  int32_t unknown_;
  uint64_t most_letters_;
  bool tidies_;
  TokenTrie beginnings_;  // of words
  LongestFirst pieces_;   // behind them
};

}  // namespace

std::unique_ptr<Encoder> make_word_pieces(const Vocabulary& vocabulary, const gguf::File& file) {
  return std::make_unique<WordPieces>(vocabulary, file);
}

}  // namespace lt::tokenize
