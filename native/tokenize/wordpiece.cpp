// WordPiece (Devlin et al. 2018): words, each of them the longest tokens that it can be made of from its beginning. Files spell a token
// that begins a word with U+2581 before it.
#include <algorithm>
#include <string>

#include "tokenize/encoder.h"
#include "tokenize/longest_first.h"
#include "tokenize/normal_form.h"
#include "tokenize/normalizer_steps.h"
#include "tokenize/spelling.h"
#include "tokenize/unicode.h"
#include "tokenize/word_cache.h"

namespace lt::tokenize {
namespace {

bool is_dropped(char32_t c) {
  const Category category = category_of(c);
  return c == 0 || c == kReplacement || (category >= Category::Cc && category < Category::Cn);
}

bool stands_alone(char32_t c) {
  if (c < 0x80) return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
  const Category category = category_of(c);
  return (category >= Category::Pc && category <= Category::Po) || is_han(c);
}

class WordPiece final : public Encoder {
 public:
  WordPiece(const Vocabulary& vocabulary, const gguf::File& file)
      : vocabulary_(vocabulary),
        lowers_(file.boolean("tokenizer.ggml.normalizer.lowercase").value_or(true)),
        strips_accents_(file.boolean("tokenizer.ggml.normalizer.strip_accents").value_or(lowers_)) {
    for (int32_t id = 0; id < vocabulary.size(); ++id)
      if (!vocabulary.is_mark(id) && !vocabulary.text(id).empty()) pieces_.add(vocabulary.text(id), id);
    pieces_.build();
  }

  void append(std::string_view text, std::vector<int32_t>& ids) const override {
    const std::string normal = normalized(text);
    std::string words;  // one after the other, each with the space before it
    words.reserve(normal.size() + normal.size() / 2);
    std::vector<size_t> ends;
    size_t begin = 0;
    const auto finish = [&] {
      if (words.size() > begin + kSpace.size()) ends.push_back(begin = words.size());
      words.resize(begin);
      words += kSpace;
    };
    finish();
    for (size_t at = 0; at < normal.size();) {
      const Read read = read_utf8(normal, at);
      const std::string_view letter = std::string_view(normal).substr(at, read.bytes);
      at += read.bytes;
      if (is_space(read.code)) {
        finish();
      } else if (stands_alone(read.code)) {
        finish();
        words += letter;
        finish();
      } else if (!is_dropped(read.code)) {
        words += letter;
      }
    }
    finish();
    append_words(words, ends, ids);
  }

  void append_words(std::string_view spelt, std::span<const size_t> ends, std::vector<int32_t>& ids) const override {
    WordCache cache(spelt.size());
    size_t begin = 0;
    for (const size_t end : ends) {
      cache.append(spelt.substr(begin, end - begin), ids, [&](std::string_view word) {
        if (!pieces_.append(word, ids) && vocabulary_.unknown >= 0) ids.push_back(vocabulary_.unknown);
      });
      begin = end;
    }
  }

  void read(std::string_view token, std::string& bytes) const override { read_spaces(token, bytes); }
  bool adds_bos() const override { return true; }

  // Where nothing stands between in running text: spaces before ?!., and before endings, both about a lone apostrophe.
  void tidy(std::string& text) const override {
    drop_spaces(text, [](std::string_view rest) { return rest.find_first_of("?!.,") == 0; });
    for (size_t at = text.find(" ' "); at != std::string::npos; at = text.find(" ' ", at)) text.replace(at, 3, "'");
    drop_spaces(text, [](std::string_view rest) {
      return rest.starts_with("'s") || rest.starts_with("'m") || rest.starts_with("'re") || rest.starts_with("'ve");
    });
  }

 private:
  template <class Before>
  static void drop_spaces(std::string& text, const Before& before) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i)
      if (text[i] != ' ' || !before(std::string_view(text).substr(i + 1))) out += text[i];
    text = std::move(out);
  }

  std::string normalized(std::string_view text) const {
    std::string out;
    if (strips_accents_) {
      // Of a letter that is made of several the first is kept, and no mark: what the tools that write these files do. BERT's own code
      // keeps spacing marks, and of a syllable of Hangul all its letters.
      std::string apart;
      for (size_t at = 0; at < text.size();) {
        const Read read = read_utf8(text, at);
        if (read.code < 0x80) {
          out += text[at++];
          continue;
        }
        apart.clear();
        append_normal_form(text.substr(at, read.bytes), {false, false}, apart);
        const Read first = read_utf8(apart, 0);
        const Category category = category_of(first.code);
        if (category < Category::Mn || category > Category::Me) out.append(apart, 0, first.bytes);
        at += read.bytes;
      }
    } else {
      out = text;
    }
    if (!lowers_) return out;
    std::string lower;
    append_lower(out, lower);
    return lower;
  }

  const Vocabulary& vocabulary_;
  LongestFirst pieces_;
  bool lowers_;
  bool strips_accents_;
};

}  // namespace

std::unique_ptr<Encoder> make_wordpiece(const Vocabulary& vocabulary, const gguf::File& file) {
  return std::make_unique<WordPiece>(vocabulary, file);
}

}  // namespace lt::tokenize
