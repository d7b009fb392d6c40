// tokenizer.json, as the library "tokenizers" writes it.
#include <unordered_map>

#include "convert/vocabulary.h"
#include "core/error.h"
#include "gguf/text.h"

namespace lt::convert {
namespace {

constexpr int64_t most_tokens = 1 << 24;
constexpr std::string_view space = "\xe2\x96\x81";     // U+2581, SentencePiece's
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
  const auto replaces = [](const json::Value& s) { return is_type(s, "Replace") && s["content"].string() == space; };
  const auto metaspace = [](const json::Value& s) { return is_type(s, "Metaspace") && s["replacement"].string().value_or(space) == space; };
  return any_step(file["normalizer"], "normalizers", replaces) || any_step(file["pre_tokenizer"], "pretokenizers", metaspace);
}

bool prefixes_space(const Config& file) {
  const auto prepends = [](const json::Value& s) { return is_type(s, "Prepend") && s["prepend"].string() == space; };
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
    if (!id) file.fail("model", "vocab: expected ids, found another value for token " + gguf::shown(m.key));
    Token& token = to.at(*id);
    if (token.kind != Kind::unused) file.fail("model", "vocab: two tokens have the id " + std::to_string(*id));
    token.text = m.key;
    token.kind = Kind::normal;
  }
}

struct Merge {
  std::string left, right;
};

std::vector<Merge> read_merges(const Config& file) {
  std::vector<Merge> merges;
  for (const json::Member m : file["model"]["merges"]) {
    Merge merge;
    if (const auto text = m.value.string()) {
      const size_t gap = text->find(' ');
      if (gap == std::string_view::npos)
        file.fail("model", "merges: expected two tokens with a space between, found " + gguf::shown(*text));
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

void read_added(const Config& file, Vocabulary& to) {
  for (const json::Member m : file["added_tokens"]) {
    const auto id = m.value["id"].integer();
    const auto text = m.value["content"].string();
    if (!id || !text) file.fail("added_tokens", "expected an id and a content");
    Token& token = to.at(*id);
    const bool special = m.value["special"].boolean().value_or(false) || looks_special(*text);
    token.text = *text;
    token.kind = special ? Kind::control : Kind::user_defined;
  }
}

// What is put before and behind a text, as far as it is one token each.
void read_template(const json::Value& step, Vocabulary& to) {
  if (is_type(step, "Sequence")) {
    for (const json::Member m : step["processors"]) read_template(m.value, to);
  } else if (is_type(step, "TemplateProcessing")) {
    std::vector<json::Value> parts;
    for (const json::Member m : step["single"]) parts.push_back(m.value);
    if (parts.size() < 2) return;
    to.first = parts.front()["SpecialToken"]["id"].string().value_or("");
    to.last = parts.back()["SpecialToken"]["id"].string().value_or("");
  }
}

void check_normalizer(const Config& file) {
  const auto other = [](const json::Value& s) { return s && !is_type(s, "NFC"); };
  if (any_step(file["normalizer"], "normalizers", other)) file.unsupported("normalizer", "expected none or NFC before merges of bytes");
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

Vocabulary read_tokenizer(const Config& file) {
  const json::Value model = file["model"];
  const std::string_view type = model["type"].string().value_or(model["merges"] ? "BPE" : "none");
  if (type != "BPE") file.unsupported("model", "expected type BPE, found " + gguf::shown(type) + ", which is not built");
  Vocabulary out;
  read_tokens(file, out);
  const std::vector<Merge> merges = read_merges(file);
  const bool characters = model["byte_fallback"].boolean().value_or(false) && marks_spaces(file);
  if (characters) {
    out.model = "llama";
    out.space_prefix = prefixes_space(file);
    score_by_rank(merges, out);
  } else {
    check_normalizer(file);
    out.model = "gpt2";
    out.pre = pre_of(file);
    for (const Merge& m : merges) out.merges.push_back(without_spaces(m.left) + " " + without_spaces(m.right));
  }
  read_added(file, out);
  if (const auto unknown = model["unk_token"].string(); characters && unknown)
    if (const auto id = out.find(*unknown)) out.tokens[*id].kind = Kind::unknown;
  read_template(file["post_processor"], out);
  return out;
}

}  // namespace lt::convert
