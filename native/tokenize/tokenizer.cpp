#include "tokenize/tokenizer.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "tokenize/added_tokens.h"
#include "tokenize/encoder.h"
#include "tokenize/metaspace.h"
#include "tokenize/normalizer.h"
#include "tokenize/special_tokens.h"
#include "tokenize/unicode.h"
#include "tokenize/vocabulary.h"
#include "tokenize/words.h"

namespace lt::tokenize {

namespace {

constexpr size_t kLongestText = size_t{64} << 20;

const Pretokenizer& pretokenizer_of(const gguf::File& file, std::string_view model, std::string_view asked) {
  const std::string_view pre = !asked.empty() ? asked : model == "gemma4" ? model : file.string("tokenizer.ggml.pre").value_or("");
  if (const Pretokenizer* found = find_pretokenizer(pre)) return *found;
  throw Error(asked.empty() ? Code::unsupported : Code::argument,
              (asked.empty() ? "tokenizer.ggml.pre: " : "preTokenizer: ") + ("the pre-tokenizer \"" + shown(pre)) +
                  "\" is not known; those that are: " + known_pretokenizers() + (asked.empty() ? "; name one of them to read it so" : ""));
}

std::unique_ptr<Encoder> make_encoder(const Vocabulary& vocabulary, const gguf::File& file, std::string_view model, std::string_view pre) {
  if (model == "llama" && vocabulary.from_folder) return make_spelt_characters(vocabulary, file);
  if (model == "bert" && vocabulary.from_folder) return make_word_pieces(vocabulary, file);
  if (model == "llama") return make_sentencepiece(vocabulary, file);
  if (model == "bert") return make_wordpiece(vocabulary, file);
  if (model == "t5") return make_unigram(vocabulary, file);
  if (model == "rwkv") return make_greedy_bytes(vocabulary);
  if (model == "plamo2") return make_least_cost(vocabulary, file);
  const auto* splits = pre.empty() ? string_array(file, "tokenizer.huggingface.splits") : nullptr;
  if (splits)
    return make_byte_level(vocabulary, file, Splitter(splits_of(*splits)),
                           file.boolean("tokenizer.huggingface.ignore_merges").value_or(false), false);
  if (pre.empty() && file.find("tokenizer.huggingface.pre_tokenizer"))  // which cuts before
    return make_byte_level(vocabulary, file, Splitter(std::span<const Split>()),
                           file.boolean("tokenizer.huggingface.ignore_merges").value_or(false), false);
  const Pretokenizer& pretokenizer = pretokenizer_of(file, model, pre);
  if (pretokenizer.spelling == Pretokenizer::Spelling::bytes)
    return make_byte_level(vocabulary, file, Splitter(pretokenizer.patterns), pretokenizer.whole_words, pretokenizer.add_bos);
  return make_merged_characters(vocabulary, file, pretokenizer);
}

std::string_view supported_model(const gguf::File& file) {
  const auto model = file.string("tokenizer.ggml.model");
  if (!model) throw Error(Code::format, "tokenizer.ggml.model: expected the kind of tokenizer, found none: the file has no vocabulary");
  static constexpr std::string_view built[] = {"llama", "gpt2", "gemma4", "bert", "t5", "rwkv", "plamo2"};
  if (std::find(std::begin(built), std::end(built), *model) == std::end(built))
    throw Error(Code::unsupported, "tokenizer.ggml.model: the tokenizer \"" + shown(*model) +
                                       "\" is not built; those that are: llama (SentencePiece BPE), gpt2 (byte-level BPE), gemma4, bert "
                                       "(WordPiece), t5 (SentencePiece unigram), rwkv, plamo2");
  return *model;
}

// Where the file does not say: of an encoder's texts the last token is what parts it from another (BERT), or ends it (T5).
bool ends_texts(const gguf::File& file, std::string_view model) {
  return model == "t5" || (model == "bert" && file.boolean("tokenizer.ggml.add_sep_token").value_or(true));
}

// Phi 3 (SentencePiece, not the byte-level Phi 4 of the same architecture): its marks take the white space after them.
bool marks_take_spaces(const gguf::File& file, std::string_view model) {
  return model == "llama" && file.string("general.architecture").value_or("") == "phi3";
}

// What comes before merging where the file was made of a folder: added tokens, the normalizer, spaces.
class FolderText {
 public:
  FolderText(const Vocabulary& vocabulary, const gguf::File& file)
      : normalizer_(file), added_(vocabulary, normalizer_), words_(Words::of(file)) {
    if (const auto metaspace = Metaspace::of(file); metaspace && !words_) words_.emplace(*metaspace);
  }

  void encode(const Encoder& encoder, std::string_view text, bool special, std::vector<int32_t>& ids) const {
    std::string buffer;
    added_.raw(text, special, [&](std::string_view raw, int32_t id) {
      if (id >= 0) return ids.push_back(id);
      const std::string_view normal = normalizer_.apply(raw, buffer);
      added_.normalized(normal, special, [&](std::string_view piece, int32_t inner) {
        if (inner >= 0) return ids.push_back(inner);
        append(encoder, piece, raw.data() == text.data() && piece.data() == normal.data() && keeps_first(raw), ids);
      });
    });
  }

 private:
  // Whether normalizing leaves something of the first character: else what is first then was not so before.
  bool keeps_first(std::string_view raw) const {
    std::string buffer;
    return !words_ || !normalizer_.apply(raw.substr(0, read_utf8(raw, 0).bytes), buffer).empty();
  }

  void append(const Encoder& encoder, std::string_view piece, bool first, std::vector<int32_t>& ids) const {
    if (!words_) return encoder.append(piece, ids);
    std::string spelt;  // all words, one after the other
    std::vector<size_t> ends;
    words_->cut(piece, first, [&](std::string_view word) {
      spelt += word;
      ends.push_back(spelt.size());
    });
    encoder.append_words(spelt, ends, ids);
  }

  Normalizer normalizer_;
  AddedTokens added_;
  std::optional<Words> words_;
};

class FileTokenizer final : public Tokenizer {
 public:
  FileTokenizer(const gguf::File& file, std::string_view pre) : FileTokenizer(file, supported_model(file), pre) {}

  std::vector<int32_t> encode(std::string_view text, bool special) const override {
    if (text.size() > kLongestText)
      throw Error(Code::argument,
                  "a text of at most 64 MiB was expected, found " + std::to_string(text.size()) + " bytes: encode it in parts");
    std::vector<int32_t> ids;
    ids.reserve(text.size() / 3 + 8);
    if (folder_) {
      folder_->encode(*encoder_, text, special, ids);
      return ids;
    }
    size_t at = 0;
    for (const SpecialTokens::Found& found : special_.find(text, special)) {
      if (at < found.begin) encoder_->append(text.substr(at, found.begin - at), ids);
      ids.push_back(found.id);
      at = found.end;
    }
    if (at < text.size()) encoder_->append(text.substr(at), ids);
    return ids;
  }

  std::string decode(std::span<const int32_t> ids, bool special) const override {
    std::string out;
    for (const int32_t id : ids) out += piece(id, special);
    encoder_->tidy(out);
    if (strips_first_space() && !out.empty() && out[0] == ' ') out.erase(0, 1);
    return out;
  }

  std::string_view piece(int32_t id, bool special) const override {
    check(id);
    if (vocabulary_.is_mark(id) && !special) return {};
    const auto i = static_cast<size_t>(id);
    return std::string_view(bytes_).substr(begins_[i], begins_[i + 1] - begins_[i]);
  }

  bool strips_first_space() const override { return encoder_->strips_first_space(); }
  int32_t size() const override { return vocabulary_.size(); }
  int32_t bos() const override { return vocabulary_.bos; }
  int32_t eos() const override { return vocabulary_.eos; }
  std::array<int32_t, 3> fill_marks() const override { return vocabulary_.fill; }
  bool add_bos() const override { return add_bos_; }
  bool add_eos() const override { return add_eos_; }
  bool ends_generation(int32_t id) const override { return known(id) && vocabulary_.ends[static_cast<size_t>(id)]; }
  bool ends_middle(int32_t id) const override { return known(id) && vocabulary_.middle_ends[static_cast<size_t>(id)]; }
  bool has_name(int32_t id) const override { return vocabulary_.has_name(id); }
  bool is_control(int32_t id) const override { return known(id) && vocabulary_.is(id, Kind::control); }

  std::string_view text(int32_t id) const override {
    check(id);
    return vocabulary_.text(id);
  }

 private:
  FileTokenizer(const gguf::File& file, std::string_view model, std::string_view pre)
      : vocabulary_(file),
        special_(vocabulary_, marks_take_spaces(file, model)),
        encoder_(make_encoder(vocabulary_, file, model, pre)),
        add_bos_(vocabulary_.bos >= 0 && file.boolean("tokenizer.ggml.add_bos_token").value_or(encoder_->adds_bos())),
        add_eos_(vocabulary_.eos >= 0 && file.boolean("tokenizer.ggml.add_eos_token").value_or(ends_texts(file, model))) {
    if (vocabulary_.from_folder) folder_.emplace(vocabulary_, file);
    read_pieces();
  }

  void read_pieces() {
    begins_.reserve(vocabulary_.tokens.size() + 1);
    size_t spelt = 0;
    for (const std::string_view token : vocabulary_.tokens) spelt += token.size();
    bytes_.reserve(spelt);  // what a token reads as is never longer than what it is spelt
    for (int32_t id = 0; id < size(); ++id) {
      begins_.push_back(bytes_.size());
      if (vocabulary_.is(id, Kind::byte))
        bytes_.push_back(static_cast<char>(vocabulary_.byte_value(id)));
      else if (vocabulary_.is(id, Kind::normal) || vocabulary_.is(id, Kind::unused))
        encoder_->read(vocabulary_.text(id), bytes_);
      else
        (bytes_ += encoder_->parts_marks() ? " " : "") += vocabulary_.text(id);
    }
    begins_.push_back(bytes_.size());
  }

  bool known(int32_t id) const { return id >= 0 && id < size(); }

  void check(int32_t id) const {
    if (!known(id))
      throw Error(Code::argument, "a token id from 0 to " + std::to_string(size() - 1) + " was expected, found " + std::to_string(id));
  }

  const Vocabulary vocabulary_;
  const SpecialTokens special_;
  const std::unique_ptr<const Encoder> encoder_;
  std::optional<FolderText> folder_;
  const bool add_bos_;
  const bool add_eos_;
  std::string bytes_;           // what every token reads as, one after the other
  std::vector<size_t> begins_;  // of each token in bytes_, and the end
};

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::load(const gguf::File& file, std::string_view pre) {
  return std::make_shared<const FileTokenizer>(file, pre);
}

std::shared_ptr<const Tokenizer> Tokenizer::load(std::shared_ptr<const gguf::File> file, std::string_view pre) {
  struct Both {
    std::shared_ptr<const gguf::File> file;
    std::shared_ptr<const Tokenizer> tokenizer;
  };
  auto tokenizer = load(*file, pre);
  const auto both = std::make_shared<const Both>(Both{std::move(file), std::move(tokenizer)});
  return {both, both->tokenizer.get()};
}

}  // namespace lt::tokenize
