// tokenizer.json, as the library "tokenizers" writes it.
#include <set>
#include <unordered_map>
#include <utility>

#include "convert/vocabulary.h"
#include "core/error.h"
#include "core/text.h"

namespace lt::convert {
namespace {

constexpr int64_t most_tokens = 1 << 24;
constexpr std::string_view mapped_space = "\xc4\xa0";  // U+0120, how merges of bytes spell one

bool spells_byte(std::string_view t) {
  return t.size() == 6 && t.starts_with("<0x") && t[5] == '>' && t.find_first_not_of("0123456789ABCDEFabcdef", 3) == 5;
}

// Marks that some folders do not call special, by their look.
bool looks_special(std::string_view t) {
  for (const char* name : {"<pad>", "<mask>", "<2mass>", "[@BOS@]"})
    if (t == name) return true;
  return (t.starts_with("<|") && t.ends_with("|>")) || (t.starts_with("<\xef\xbd\x9c") && t.ends_with("\xef\xbd\x9c>")) ||
         (t.starts_with("<unused") && t.ends_with(">"));
}

// A step of `list` that meets the condition: of a normalizer or a pre_tokenizer, one or a Sequence of them.
template <class Is>
bool any_step(const json::Value& step, const char* list, const Is& is) {
  if (step["type"].string() != "Sequence") return is(step);
  for (const json::Member m : step[list])
    if (any_step(m.value, list, is)) return true;
  return false;
}

bool is_type(const json::Value& step, std::string_view type) { return step["type"].string() == type; }

bool marks_spaces(const Config& file) {
  const auto replaces = [](const json::Value& s) { return is_type(s, "Replace") && s["content"].string() == metaspace_mark; };
  const auto metaspace = [](const json::Value& s) {
    return is_type(s, "Metaspace") && s["replacement"].string().value_or(metaspace_mark) == metaspace_mark;
  };
  return any_step(file["normalizer"], "normalizers", replaces) || any_step(file["pre_tokenizer"], "pretokenizers", metaspace);
}

bool prefixes_space(const Config& file) {
  const auto prepends = [](const json::Value& s) { return is_type(s, "Prepend") && s["prepend"].string() == metaspace_mark; };
  const auto metaspace = [](const json::Value& s) {
    if (!is_type(s, "Metaspace")) return false;
    const auto scheme = s["prepend_scheme"].string();
    return scheme ? *scheme != "never" : s["add_prefix_space"].boolean().value_or(true);
  };
  return any_step(file["normalizer"], "normalizers", prepends) || any_step(file["pre_tokenizer"], "pretokenizers", metaspace);
}

void read_tokens(const Config& file, Vocabulary& to) {
  const json::Value vocabulary = file["model"]["vocab"];
  if (!vocabulary.is(json::Kind::object) || vocabulary.size() == 0) file.fail("model", "vocab: expected an object of tokens and their ids");
  for (const json::Member m : vocabulary) {
    const auto id = m.value.integer();
    if (!id) file.fail("model", "vocab: expected ids, found another value for token " + shown(m.key));
    Token& token = to.at(*id);
    if (token.kind != Kind::unused) file.fail("model", "vocab: two tokens have the id " + std::to_string(*id));
    token.text = m.key;
    token.kind = Kind::normal;
  }
}

Ids ids_of(const Config& file) {
  if (file["model"]["vocab"].is(json::Kind::array)) return unigram_ids(file);
  Ids ids;
  for (const json::Member m : file["model"]["vocab"]) ids.emplace(m.key, m.value.integer().value_or(-1));
  return ids;
}

struct Merge {
  std::string left, right;
};

// Halves and wholes are tokens. Of those that are there twice the last counts.
void check_merges(const Config& file, const Ids& ids, std::vector<Merge>& merges) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (size_t i = merges.size(); i-- > 0;) {
    const Merge& m = merges[i];
    for (const std::string& text : {m.left, m.right, m.left + m.right})
      if (!ids.contains(text)) file.fail("model", "merges: expected tokens of the vocabulary, found " + shown(text));
    if (!seen.emplace(m.left, m.right).second) merges[i].left.clear();
  }
  std::erase_if(merges, [](const Merge& m) { return m.left.empty(); });
}

std::vector<Merge> read_merges(const Config& file) {
  std::vector<Merge> merges;
  for (const json::Member m : file["model"]["merges"]) {
    Merge merge;
    if (const auto text = m.value.string()) {
      const size_t gap = text->find(' ');
      if (gap == std::string_view::npos) file.fail("model", "merges: expected two tokens with a space between, found " + shown(*text));
      merge = {std::string(text->substr(0, gap)), std::string(text->substr(gap + 1))};
    } else {
      std::vector<std::string_view> pair;
      for (const json::Member part : m.value) pair.push_back(part.value.string().value_or(""));
      if (pair.size() != 2 || pair[0].empty() || pair[1].empty()) file.fail("model", "merges: expected pairs of tokens");
      merge = {std::string(pair[0]), std::string(pair[1])};
    }
    merges.push_back(std::move(merge));
  }
  return merges;
}

// A space within a merge, where one parts its halves.
std::string without_spaces(std::string_view text) {
  std::string out;
  for (const char c : text) c == ' ' ? out += mapped_space : out += c;
  return out;
}

// Merges in order of rank -> scores in order of size, the first merge's the highest, as SentencePiece has them.
void score_by_rank(const std::vector<Merge>& merges, Vocabulary& to) {
  std::unordered_map<std::string, size_t> rank;  // of the text that a merge makes: the first
  for (const Merge& m : merges) rank.emplace(m.left + m.right, rank.size());
  size_t unmerged = merges.size();
  for (Token& t : to.tokens) {
    if (t.kind != Kind::normal) continue;
    const auto at = rank.find(t.text);
    t.score = -static_cast<float>(at != rank.end() ? at->second : unmerged++);
    if (spells_byte(t.text)) t.kind = Kind::byte, t.score = 0;
  }
}

// The library takes a token that is in the model's vocabulary by its id there, others it numbers on from there, whatever their ids in
// the file: those are to be the same.
void read_added(const Config& file, const Ids& ids, Vocabulary& to) {
  std::unordered_map<std::string_view, int64_t> given;
  auto next = static_cast<int64_t>(ids.size());
  for (const json::Member m : file["added_tokens"]) {
    const auto id = m.value["id"].integer();
    const auto text = m.value["content"].string();
    if (!id || !text || text->empty()) file.fail("added_tokens", "expected an id and a content");
    const auto in_model = ids.find(*text);
    const int64_t expected = in_model != ids.end() ? in_model->second : next;
    if (!given.emplace(*text, *id).second) file.fail("added_tokens", shown(*text) + ": is there twice");
    if (*id != expected)
      file.fail("added_tokens", shown(*text) + ": expected the id " + std::to_string(expected) +
                                    (in_model != ids.end() ? ", which it has in the vocabulary" : ", the next that is free") + ", found " +
                                    std::to_string(*id));
    if (in_model == ids.end()) next++;
    Token& token = to.at(*id);
    const bool special = m.value["special"].boolean().value_or(false);
    token.text = *text;
    token.kind = special || looks_special(*text) ? Kind::control : Kind::user_defined;
    const uint32_t apart = in_model == ids.end() ? AddedToken::apart : 0u;
    to.encoding->added.push_back({std::string(*text), static_cast<uint32_t>(*id), flags_of(m.value, special) | apart});
  }
}

// What is put before and behind a text: one token each, or none.
void read_template(const Config& file, const json::Value& step, Vocabulary& to) {
  const std::string_view type = step["type"].string().value_or("none");
  if (!step || type == "ByteLevel") return;
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    // each a token and its id
    const auto token = [&](const char* key) {
      for (const json::Member m : step[key]) return std::string(m.value.string().value_or(""));
      return std::string();
    };
    if (!to.first.empty() || !to.last.empty()) file.unsupported("post_processor", "two templates of tokens about a text are not built");
    to.first = token("cls");
    to.last = token("sep");
    return;
  }
  if (type == "Sequence") {
    for (const json::Member m : step["processors"]) read_template(file, m.value, to);
  } else if (type == "TemplateProcessing") {
    bool behind = false;
    for (const json::Member m : step["single"]) {
      const auto id = m.value["SpecialToken"]["id"].string();
      std::string& place = behind ? to.last : to.first;
      if (!id) {
        if (!m.value["Sequence"] || behind) file.unsupported("post_processor", "expected a template with the text in it once");
        behind = true;
      } else {
        (behind ? to.several_last : to.several_first) |= !place.empty() || step["special_tokens"][*id]["ids"].size() > 1;
        if (place.empty()) place = *id;
      }
    }
    if (!behind) file.unsupported("post_processor", "expected a template with the text in it once");
  } else {
    file.unsupported("post_processor", "a step of type " + shown(type) + " is not built");
  }
}

// Each byte is a token: then no text has what the vocabulary has not.
bool has_all_bytes(const Ids& ids) {
  int next = 0x100;
  for (int byte = 0; byte < 256; byte++) {
    const bool plain = (byte > 32 && byte < 127) || (byte > 160 && byte != 173);
    const int code = plain ? byte : next++;
    const std::string letter = code < 0x80 ? std::string(1, static_cast<char>(code))
                                           : std::string({static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))});
    if (!ids.contains(letter)) return false;
  }
  return true;
}

void read_unknown(const Config& file, const Ids& ids, Vocabulary& to) {
  const auto text = file["model"]["unk_token"].string();
  if (!text) return;
  if (const auto at = ids.find(*text); at != ids.end()) {
    to.encoding->unknown = static_cast<uint32_t>(at->second);
  } else if (to.encoding->characters || !to.encoding->complete_bytes) {
    file.fail("model", "unk_token: expected a token of the vocabulary, found " + shown(*text));
  }
}

}  // namespace

Token& Vocabulary::at(int64_t id) {
  if (id < 0 || id >= most_tokens)
    throw Error(Code::format, "token id " + std::to_string(id) + ": expected 0 to " + std::to_string(most_tokens - 1));
  if (static_cast<size_t>(id) >= tokens.size()) tokens.resize(static_cast<size_t>(id) + 1);
  return tokens[static_cast<size_t>(id)];
}

std::optional<uint32_t> Vocabulary::find(std::string_view text) const {
  for (size_t i = 0; i < tokens.size(); i++)
    if (tokens[i].kind != Kind::unused && tokens[i].text == text) return static_cast<uint32_t>(i);
  return std::nullopt;
}

namespace {

void read_merging(const Config& file, const Ids& ids, Vocabulary& out) {
  std::vector<Merge> merges = read_merges(file);
  check_merges(file, ids, merges);
  const bool characters = (file["model"]["byte_fallback"].boolean().value_or(false) && marks_spaces(file)) || !cuts_bytes(file);
  out.encoding = read_encoding(file, characters ? Letters::characters : Letters::bytes);
  if (!characters) {
    out.encoding->complete_bytes = has_all_bytes(ids);
    out.model = "gpt2";
    out.pre = read_pretokenizer(file, *out.encoding);
    for (const Merge& m : merges) out.merges.push_back(without_spaces(m.left) + " " + without_spaces(m.right));
    return;
  }
  out.model = "llama";
  out.space_prefix = prefixes_space(file);
  score_by_rank(merges, out);
  for (const Merge& m : merges) {
    if ((m.left + m.right).find(' ') != std::string::npos)
      file.unsupported("model", "merges: spaces within tokens of characters are not built");
    out.merges.push_back(m.left + " " + m.right);
  }
}

}  // namespace

Vocabulary read_tokenizer(const Config& file) {
  const json::Value model = file["model"];
  const std::string_view type = model["type"].string().value_or(model["merges"]                        ? "BPE"
                                                                : model["vocab"].is(json::Kind::array) ? "Unigram"
                                                                : model["max_input_chars_per_word"]    ? "WordPiece"
                                                                : model["vocab"]                       ? "WordLevel"
                                                                                                       : "none");
  Vocabulary out;
  if (type == "Unigram") {
    read_unigram(file, out);
  } else if (type == "BPE" || type == "WordPiece" || type == "WordLevel") {
    read_tokens(file, out);
  } else {
    file.unsupported("model", "expected type BPE, WordPiece, WordLevel or Unigram, found " + shown(type) + ", which is not built");
  }
  const Ids ids = ids_of(file);
  if (type == "BPE") read_merging(file, ids, out);
  if (type == "WordPiece") read_word_pieces(file, ids, out, Letters::word_pieces);
  if (type == "WordLevel") read_word_pieces(file, ids, out, Letters::words);
  read_added(file, ids, out);
  if (type == "BPE") read_unknown(file, ids, out);
  if (const auto unknown = model["unk_token"].string(); out.model != "gpt2" && unknown)
    if (const auto id = out.find(*unknown)) out.tokens[*id].kind = Kind::unknown;
  read_template(file, file["post_processor"], out);
  return out;
}

}  // namespace lt::convert
