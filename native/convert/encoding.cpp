#include "convert/encoding.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "core/text.h"

namespace lt::convert {
namespace {

constexpr size_t most_compared = 20000;

std::string_view type_of(const json::Value& step) { return step["type"].string().value_or("none"); }

// The text that a pattern stands for: a string, or a regular expression without a sign that means something else.
std::optional<std::string_view> literal(const json::Value& pattern) {
  if (const auto text = pattern["String"].string()) return text;
  const auto regex = pattern["Regex"].string();
  return regex && regex->find_first_of(R"(\.^$|?*+()[]{})") == std::string_view::npos ? regex : std::nullopt;
}

std::vector<uint8_t> from_base64(const Config& file, std::string_view text) {
  std::vector<uint8_t> bytes;
  while (text.ends_with('=')) text.remove_suffix(1);
  uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const auto value = std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c);
    if (value == std::string_view::npos) file.fail("normalizer", "precompiled_charsmap: expected base64");
    held = held << 6 | static_cast<uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<uint8_t>(held >> bits));
  }
  return bytes;
}

class Normalizers {
 public:
  Normalizers(const Config& file, Encoding& to) : file_(file), to_(to.normalizer), map_(to.character_map) {}

  void add(const json::Value& step) {
    if (!step) return;
    const std::string_view type = type_of(step);
    if (type == "Sequence") {
      for (const json::Member m : step["normalizers"]) add(m.value);
    } else if (type == "NFC" || type == "NFD" || type == "NFKC" || type == "NFKD" || type == "Lowercase" || type == "StripAccents") {
      to_.emplace_back(type);
    } else if (type == "Nmt" || type == "ByteLevel") {
      to_.emplace_back(type);
    } else if (type == "BertNormalizer") {
      add_bert(step);
    } else if (type == "Precompiled") {
      add_map(step);
    } else if (type == "Strip") {
      if (step["strip_left"].boolean().value_or(true)) to_.emplace_back("StripLeft");
      if (step["strip_right"].boolean().value_or(true)) to_.emplace_back("StripRight");
    } else if (type == "Prepend") {
      to_.emplace_back(type);
      to_.emplace_back(text(step["prepend"]));
    } else if (type == "Replace") {
      const auto what = literal(step["pattern"]), regex = step["pattern"]["Regex"].string();
      if (what ? what->empty() : !regex) fail("Replace: expected a text or a regular expression to be replaced");
      to_.emplace_back(what ? type : "ReplaceRegex");
      to_.emplace_back(what ? *what : *regex);
      to_.emplace_back(text(step["content"]));
    } else {
      fail("a step of type " + shown(type) + " is not built");
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { file_.unsupported("normalizer", what); }
  std::string_view text(const json::Value& value) const {
    const auto found = value.string();
    if (!found) file_.fail("normalizer", "expected a text that is put in");
    return *found;
  }

  void add_bert(const json::Value& step) {
    const bool lowers = step["lowercase"].boolean().value_or(true);
    if (step["clean_text"].boolean().value_or(true)) to_.emplace_back("CleanText");
    if (step["handle_chinese_chars"].boolean().value_or(true)) to_.emplace_back("SpaceHan");
    if (step["strip_accents"].boolean().value_or(lowers)) to_.insert(to_.end(), {"NFD", "StripMarks"});
    if (lowers) to_.emplace_back("Lowercase");
  }

  void add_map(const json::Value& step) {
    if (!map_.empty()) fail("two steps of type Precompiled are not built");
    map_ = from_base64(file_, step["precompiled_charsmap"].string().value_or(""));
    if (!map_.empty()) to_.emplace_back("Precompiled");
  }

  const Config& file_;
  std::vector<std::string>& to_;
  std::vector<uint8_t>& map_;
};

// Of merges of characters: where Metaspace is all, its own keys tell it.
void read_words(const Config& file, Encoding& to) {
  const std::vector<std::string>& done = to.normalizer;
  const bool no_spaces = done.size() >= 3 && done.end()[-3] == "Replace" && done.end()[-2] == " " && done.end()[-1] == metaspace_mark;
  read_steps(file, to);
  // Gemma's: the normalizer leaves no space to split at
  if (no_spaces && to.steps.size() == 3 && to.steps[0] == "split" && to.steps[2] == " ") to.steps.clear();
  if (to.pieces || to.steps.size() != 3 || to.steps[0] != "metaspace") return;
  to.metaspace = to.steps[1];
  to.metaspace_splits = to.steps[2] == "split";
  to.steps.clear();
}

// What makes a text of tokens again. Returns whether it drops the space that leads it.
bool strips_space(const Config& file, const json::Value& step, bool characters, Encoding& to) {
  const std::string_view type = type_of(step);
  if (type == "WordPiece" && to.most_letters) {
    if (step["prefix"].string().value_or("##") != to.continuing_prefix)
      file.unsupported("decoder", "WordPiece: expected the prefix of the model");
    to.tidies = step["cleanup"].boolean().value_or(true);
    return true;
  }
  if (type == "Sequence") {
    bool strips = false;
    for (const json::Member m : step["decoders"]) strips |= strips_space(file, m.value, characters, to);
    return strips;
  }
  if (characters && type == "ByteLevel" && to.characters) {
    to.reads_bytes = true;
    return false;
  }
  if (type == "Fuse" || type == "ByteFallback" || (!characters && type == "ByteLevel")) return false;
  if (characters && type == "Replace" && literal(step["pattern"]) == metaspace_mark && step["content"].string() == " ") return false;
  if (characters && type == "Strip" && step["content"].string() == " " && step["start"].integer() == 1 && step["stop"].integer() == 0)
    return true;
  if (characters && type == "Metaspace") {
    const auto scheme = step["prepend_scheme"].string();
    return scheme ? *scheme != "never" : step["add_prefix_space"].boolean().value_or(true);
  }
  file.unsupported("decoder", "a step of type " + shown(type) + " that does so is not built");
}

void check_model(const Config& file, const json::Value& model) {
  if (model["dropout"].number().value_or(0) != 0) file.unsupported("model", "dropout: merges left out by chance are not built");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!model[key].string().value_or("").empty()) file.unsupported("model", std::string(key) + ": is not built");
}

// Those that begin within another or where another ends would be found elsewhere, where files do not tell in which order to look.
// Too much to compare counts as that.
bool can_overlap(const std::vector<AddedToken>& added) {
  constexpr size_t longest_compared = 256;  // bytes
  if (added.size() > most_compared) return true;
  if (std::any_of(added.begin(), added.end(), [](const AddedToken& a) { return a.text.size() > longest_compared; })) return true;
  std::set<std::string_view> texts;
  for (const AddedToken& a : added) texts.insert(a.text);
  for (const AddedToken& a : added) {
    for (size_t from = 0; from < a.text.size(); from++) {
      const std::string_view rest = std::string_view(a.text).substr(from);
      for (size_t bytes = 1; bytes < rest.size() + (from > 0 ? 1 : 0); bytes++)
        if (texts.contains(rest.substr(0, bytes))) return true;
      const auto longer = texts.lower_bound(rest);
      if (from > 0 && longer != texts.end() && longer->starts_with(rest)) return true;
    }
  }
  return false;
}

}  // namespace

bool Encoding::needed() const {
  constexpr uint32_t matters = AddedToken::single_word | AddedToken::strips_left | AddedToken::strips_right;
  return characters || pieces || !steps.empty() || !splits.empty() || !normalizer.empty() || !complete_bytes ||
         std::any_of(added.begin(), added.end(), [](const AddedToken& a) { return (a.flags & matters) != 0; }) || can_overlap(added);
}

void Encoding::put(std::vector<gguf::Field>& fields) const {
  const std::string prefix = "tokenizer.huggingface.";
  std::vector<std::string> texts;
  std::vector<uint32_t> ids, flags;
  for (const AddedToken& a : added) texts.push_back(a.text), ids.push_back(a.id), flags.push_back(a.flags);
  if (!normalizer.empty()) fields.push_back(gguf::field(prefix + "normalizer", std::span<const std::string>(normalizer)));
  fields.push_back(gguf::field(prefix + "added_tokens", std::span<const std::string>(texts)));
  fields.push_back(gguf::field(prefix + "added_token_ids", std::span<const uint32_t>(ids)));
  fields.push_back(gguf::field(prefix + "added_token_flags", std::span<const uint32_t>(flags)));
  if (unknown) fields.push_back(gguf::field(prefix + "unk_token_id", *unknown));
  if (unknown) fields.push_back(gguf::field(prefix + "fuse_unk", fuses_unknown));
  if (falls_to_bytes) fields.push_back(gguf::field(prefix + "byte_fallback", true));
  if (!splits.empty()) fields.push_back(gguf::field(prefix + "splits", std::span<const std::string>(splits)));
  if (!splits.empty()) fields.push_back(gguf::field(prefix + "ignore_merges", takes_whole_words));
  if (!steps.empty()) fields.push_back(gguf::field(prefix + "pre_tokenizer", std::span<const std::string>(steps)));
  if (!character_map.empty()) fields.push_back(gguf::field("tokenizer.ggml.precompiled_charsmap", std::span<const uint8_t>(character_map)));
  if (!scores.empty()) fields.push_back(gguf::field(prefix + "scores", std::span<const double>(scores)));
  if (most_letters) {
    fields.push_back(gguf::field(prefix + "continuing_prefix", std::string_view(continuing_prefix)));
    fields.push_back(gguf::field(prefix + "most_letters", *most_letters));
    fields.push_back(gguf::field(prefix + "tidy", tidies));
  }
  if (pieces) fields.push_back(gguf::field(prefix + "strip_space", strips_first_space));
  if (!characters) {
    if (splits.empty() && !steps.empty() && !pieces) fields.push_back(gguf::field(prefix + "ignore_merges", takes_whole_words));
    return;
  }
  if (!metaspace.empty()) fields.push_back(gguf::field(prefix + "metaspace", std::string_view(metaspace)));
  if (!metaspace.empty()) fields.push_back(gguf::field(prefix + "metaspace_split", metaspace_splits));
  fields.push_back(gguf::field(prefix + "ignore_merges", takes_whole_words));
  fields.push_back(gguf::field(prefix + "strip_space", strips_first_space));
  if (reads_bytes) fields.push_back(gguf::field(prefix + "byte_letters", true));
}

uint32_t flags_of(const json::Value& token, bool special) {
  const auto flag = [&](const char* key, bool fallback, uint32_t bit) { return token[key].boolean().value_or(fallback) ? bit : 0u; };
  return flag("single_word", false, AddedToken::single_word) | flag("lstrip", false, AddedToken::strips_left) |
         flag("rstrip", false, AddedToken::strips_right) | flag("normalized", !special, AddedToken::normalized);
}

Encoding read_encoding(const Config& file, Letters letters) {
  Encoding out;
  const json::Value model = file["model"];
  const bool merges = model["merges"].is(json::Kind::array);
  out.characters = letters == Letters::characters && merges;
  out.pieces = letters != Letters::bytes && !merges;
  if (merges) check_model(file, model);
  Normalizers(file, out).add(file["normalizer"]);
  out.falls_to_bytes = model["byte_fallback"].boolean().value_or(false);
  out.fuses_unknown = model["fuse_unk"].boolean().value_or(false);
  if (letters == Letters::word_pieces) {
    constexpr int64_t usual = 100, most = 1 << 30;
    const int64_t letters_of_a_word = model["max_input_chars_per_word"].integer().value_or(usual);
    if (letters_of_a_word < 0 || letters_of_a_word > most) file.fail("model", "max_input_chars_per_word: expected a number of letters");
    out.most_letters = static_cast<uint32_t>(letters_of_a_word);
    out.continuing_prefix = model["continuing_subword_prefix"].string().value_or("##");
  }
  if (letters != Letters::bytes) {
    read_words(file, out);
    out.takes_whole_words = model["ignore_merges"].boolean().value_or(false);
  }
  const json::Value decoder = file["decoder"];
  bool prefixes = out.metaspace == "always" || out.metaspace == "first" ||
                  std::find(out.normalizer.begin(), out.normalizer.end(), "Prepend") != out.normalizer.end();
  for (size_t i = 0; i < out.steps.size(); i += 3) prefixes |= out.steps[i] == "metaspace" && out.steps[i + 1] != "never";
  out.strips_first_space = decoder ? strips_space(file, decoder, letters == Letters::characters, out) : prefixes;
  return out;
}

}  // namespace lt::convert
