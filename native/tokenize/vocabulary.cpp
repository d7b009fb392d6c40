#include "tokenize/vocabulary.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "core/error.h"

namespace lt::tokenize {

namespace {

// Names that end a turn in the chat formats of the models at hand, where the file does not name their ids.
constexpr std::string_view kEnds[] = {
    "</s>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|eot|>",
    "<|tool_response>",
    "<|return|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|call|>",
    "<end_of_turn>",
    "<turn|>",
    "<EOT>",
    "[EOT]",
    "<|endofturn|>",
    "<|end_of_turn|>",
    "<end_of_utterance>",
    "<｜end▁of▁sentence｜>",
};

// Marks of fill-in-the-middle prompts. Files have them, and the ends above, as user-defined too (DeepSeek Coder, Phi 3's </s>).
constexpr std::string_view kFillMarks[] = {
    "<|fim_prefix|>",  "<|fim_suffix|>",  "<|fim_middle|>",  "<fim_prefix>",    "<fim_suffix>",   "<fim_middle>",
    "<fim-prefix>",    "<fim-suffix>",    "<fim-middle>",    "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>",
    "<PRE>",           "<SUF>",           "<MID>",           "▁<PRE>",          "▁<SUF>",         "▁<MID>",
    "<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>", "<|prefix|>",      "<|suffix|>",     "<|middle|>",
};
// And those that stand where the middle ends: between files, or what fills up.
constexpr std::string_view kFillEnds[] = {"<|fim_pad|>",   "<fim_pad>",   "<fim-pad>",  "<PAD>",        "<|fim_repo|>",       "<fim_repo>",
                                          "<|repo_name|>", "<repo_name>", "<reponame>", "<|file_sep|>", "<|file_separator|>", "<file_sep>"};

template <size_t N>
bool among(const std::string_view (&names)[N], std::string_view text) {
  return std::find(std::begin(names), std::end(names), text) != std::end(names);
}

[[noreturn]] void broken(const std::string& what) { throw Error(Code::format, what); }

int32_t read_id(const gguf::File& file, std::string_view key, int32_t size) {
  const auto id = file.u64(key);
  if (!id) return -1;
  if (*id >= static_cast<uint64_t>(size))
    broken(std::string(key) + ": expected an id below " + std::to_string(size) + ", the number of tokens, found " + std::to_string(*id));
  return static_cast<int32_t>(*id);
}

// Files write "none" as the largest id too.
int32_t read_id_or_none(const gguf::File& file, std::string_view key, int32_t size) {
  const auto id = file.u64(key);
  return id && *id == UINT32_MAX ? -1 : read_id(file, key, size);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool spells_byte(std::string_view t) {
  return t.size() == 6 && t.substr(0, 3) == "<0x" && t[5] == '>' && hex_value(t[3]) >= 0 && hex_value(t[4]) >= 0;
}

// Numbers of either sign convention, as files differ in it.
int64_t kind_at(const gguf::Array& array, size_t i) {
  if (const auto* s = std::get_if<std::vector<int64_t>>(&array)) return (*s)[i];
  if (const auto* u = std::get_if<std::vector<uint64_t>>(&array)) return (*u)[i] > 6 ? -1 : static_cast<int64_t>((*u)[i]);
  return std::get<std::span<const uint8_t>>(array)[i];
}

size_t numbers_in(const gguf::Array& array) {
  if (const auto* s = std::get_if<std::vector<int64_t>>(&array)) return s->size();
  if (const auto* u = std::get_if<std::vector<uint64_t>>(&array)) return u->size();
  if (const auto* b = std::get_if<std::span<const uint8_t>>(&array)) return b->size();
  broken("tokenizer.ggml.token_type: expected an array of integers");
}

}  // namespace

const std::vector<std::string_view>* string_array(const gguf::File& file, std::string_view key) {
  const gguf::Array* array = file.array(key);
  if (!array) return nullptr;
  const auto* strings = std::get_if<std::vector<std::string_view>>(array);
  if (!strings) broken(std::string(key) + ": expected an array of strings");
  return strings;
}

Vocabulary::Vocabulary(const gguf::File& file) {
  const auto* list = string_array(file, "tokenizer.ggml.tokens");
  if (!list || list->empty()) broken("tokenizer.ggml.tokens: expected the list of tokens, found none");
  if (list->size() > INT32_MAX) broken("tokenizer.ggml.tokens: more tokens than a 32-bit id can name");
  tokens = *list;
  read_kinds(file);
  read_pieces(file);
  read_special_ids(file);
  find_ends(file);
  read_fill_marks(file);
  read_added(file);
  index();
}

void Vocabulary::index() {
  const std::span<const std::string_view> texts = from_folder ? std::span<const std::string_view>(spelt_) : tokens;
  index_ = TextIndex(texts.size());
  for (uint32_t id = 0; id < texts.size(); ++id) {
    const std::string_view text = texts[id];
    longest = std::max(longest, text.size());
    if (text.empty()) continue;  // would match everywhere
    // Of tokens spelt alike the last is the one that text becomes, as in the tools that write these files.
    index_.insert(hash_text(text), id, true, [&](uint32_t other) { return texts[other] == text; });
  }
}

int32_t Vocabulary::find(std::string_view text) const {
  if (text.size() > longest) return -1;
  const std::span<const std::string_view> texts = from_folder ? std::span<const std::string_view>(spelt_) : tokens;
  const uint32_t id = index_.find(hash_text(text), [&](uint32_t other) { return texts[other] == text; });
  return id == TextIndex::kNone ? -1 : static_cast<int32_t>(id);
}

bool Vocabulary::has_name(int32_t id) const {
  if (id < 0 || id >= size()) return false;
  return !is(id, Kind::unused) || text(id) != "[PAD" + std::to_string(id) + "]";
}

void Vocabulary::read_added(const gguf::File& file) {
  const auto* texts = string_array(file, "tokenizer.huggingface.added_tokens");
  if (!texts) return;
  const auto numbers = [&](const char* key) {
    const gguf::Array* array = file.array(key);
    const auto* list = array ? std::get_if<std::vector<uint64_t>>(array) : nullptr;
    if (!list || list->size() != texts->size())
      broken(std::string(key) + ": expected " + std::to_string(texts->size()) + " numbers without a sign, one an added token");
    return std::span<const uint64_t>(*list);
  };
  const std::span<const uint64_t> ids = numbers("tokenizer.huggingface.added_token_ids"),
                                  flags = numbers("tokenizer.huggingface.added_token_flags");
  from_folder = true;
  spelt_.assign(tokens.begin(), tokens.end());
  for (int32_t id = 0; id < size(); ++id)
    if (!has_name(id)) spelt_[static_cast<size_t>(id)] = {};
  for (size_t i = 0; i < texts->size(); ++i) {
    if (ids[i] >= tokens.size())
      broken("tokenizer.huggingface.added_token_ids: expected ids below the number of tokens, found " + std::to_string(ids[i]));
    if ((*texts)[i].empty()) broken("tokenizer.huggingface.added_tokens: expected no empty text");
    const AddedToken token{(*texts)[i], static_cast<int32_t>(ids[i]), static_cast<uint32_t>(flags[i])};
    spelt_[ids[i]] = token.flags & AddedToken::apart ? std::string_view() : token.text;
    added.push_back(token);
  }
}

uint8_t Vocabulary::byte_value(int32_t id) const {
  const std::string_view t = text(id);
  return static_cast<uint8_t>(hex_value(t[3]) << 4 | hex_value(t[4]));
}

void Vocabulary::read_kinds(const gguf::File& file) {
  kinds.assign(tokens.size(), Kind::normal);
  const gguf::Array* array = file.array("tokenizer.ggml.token_type");
  if (!array) return;
  if (numbers_in(*array) != tokens.size())
    broken("tokenizer.ggml.token_type: expected " + std::to_string(tokens.size()) + " values, one a token, found " +
           std::to_string(numbers_in(*array)));
  for (size_t i = 0; i < tokens.size(); ++i) {
    const int64_t kind = kind_at(*array, i);
    if (kind < 0 || kind > 6)
      broken("tokenizer.ggml.token_type: expected 1 to 6, found " + std::to_string(kind) + " at token " + std::to_string(i));
    kinds[i] = kind == 0 ? Kind::normal : static_cast<Kind>(kind);
    if (kinds[i] == Kind::byte && !spells_byte(tokens[i]))
      broken("tokenizer.ggml.tokens: token " + std::to_string(i) + " is of type byte, but is not spelt <0xHH>");
  }
}

void Vocabulary::read_pieces(const gguf::File& file) {
  constexpr const char* key = "tokenizer.sentencepiece.pieces";
  const uint64_t own = file.u64(key).value_or(0);
  if (own > tokens.size())
    broken(std::string(key) + ": expected at most " + std::to_string(tokens.size()) + ", the number of tokens, found " +
           std::to_string(own));
  pieces = static_cast<int32_t>(own);
}

void Vocabulary::read_special_ids(const gguf::File& file) {
  bos = read_id_or_none(file, "tokenizer.ggml.bos_token_id", size());
  eos = read_id_or_none(file, "tokenizer.ggml.eos_token_id", size());
  unknown = read_id_or_none(file, "tokenizer.ggml.unknown_token_id", size());
  const std::string_view model = file.string("tokenizer.ggml.model").value_or("");
  const bool all_said = file.find("tokenizer.huggingface.added_tokens") != nullptr;  // by a folder
  const auto unless_said = [&](int32_t& id, int32_t usual) {
    if (id < 0 && usual < size() && !all_said) id = usual;
  };
  if (model == "bert") {
    const int32_t first = read_id_or_none(file, "tokenizer.ggml.cls_token_id", size());
    const int32_t last = read_id_or_none(file, "tokenizer.ggml.seperator_token_id", size());  // the key is spelt so
    if (bos < 0) bos = first;
    if (eos < 0) eos = last;
    unless_said(bos, 101);
    unless_said(eos, 102);
    unless_said(unknown, 100);
  } else if (model == "t5") {
    unless_said(eos, 1);
    unless_said(unknown, 2);
  } else if (model == "plamo2") {
    unless_said(bos, 1);
    unless_said(eos, 2);
    unless_said(unknown, 0);
  }
}

// Also by the names that files had for the first three before. What stands between files, or fills up, ends a middle.
void Vocabulary::read_fill_marks(const gguf::File& file) {
  static constexpr std::array<std::array<std::string_view, 2>, 3> keys = {
      {{"tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id"},
       {"tokenizer.ggml.fim_suf_token_id", "tokenizer.ggml.suffix_token_id"},
       {"tokenizer.ggml.fim_mid_token_id", "tokenizer.ggml.middle_token_id"}}};
  for (size_t i = 0; i < keys.size(); ++i)
    for (const std::string_view key : keys[i])
      if (fill[i] < 0) fill[i] = read_id_or_none(file, key, size());
  const auto is_control = [&](int32_t id) {
    if (id >= 0) kinds[static_cast<size_t>(id)] = Kind::control;
  };
  for (const int32_t id : fill) is_control(id);
  for (const char* key : {"tokenizer.ggml.fim_pad_token_id", "tokenizer.ggml.fim_rep_token_id", "tokenizer.ggml.fim_sep_token_id"}) {
    const int32_t id = read_id_or_none(file, key, size());
    is_control(id);
    if (id >= 0) end_middle(static_cast<size_t>(id));
  }
}

void Vocabulary::end_middle(size_t id) {
  middle_ends[id] = !ends[id] || middle_ends[id];
  ends[id] = true;
}

void Vocabulary::find_ends(const gguf::File& file) {
  ends.assign(tokens.size(), false);
  middle_ends.assign(tokens.size(), false);
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    const int32_t id = read_id_or_none(file, key, size());
    if (id >= 0) ends[static_cast<size_t>(id)] = true;
  }
  if (const gguf::Array* list = file.array("tokenizer.huggingface.eos_token_ids")) {
    const auto* ids = std::get_if<std::vector<uint64_t>>(list);
    if (!ids) broken("tokenizer.huggingface.eos_token_ids: expected a list of ids");
    for (const uint64_t id : *ids) {
      if (id >= tokens.size())
        broken("tokenizer.huggingface.eos_token_ids: expected ids below " + std::to_string(size()) + ", found " + std::to_string(id));
      ends[id] = true;
    }
  }
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (kinds[i] != Kind::control && kinds[i] != Kind::user_defined) continue;
    const bool end = among(kEnds, tokens[i]), fills = among(kFillEnds, tokens[i]), as_control = kinds[i] == Kind::control;
    if (end || fills || among(kFillMarks, tokens[i])) kinds[i] = Kind::control;  // written in plain text it must not end a turn
    if (end) ends[i] = true;
    if (fills && as_control) end_middle(i);
  }
}

}  // namespace lt::tokenize
