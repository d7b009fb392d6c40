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

class Normalizers {
 public:
  Normalizers(const Config& file, std::vector<std::string>& to) : file_(file), to_(to) {}

  void add(const json::Value& step) {
    if (!step) return;
    const std::string_view type = type_of(step);
    if (type == "Sequence") {
      for (const json::Member m : step["normalizers"]) add(m.value);
    } else if (type == "NFC" || type == "NFD" || type == "NFKC" || type == "NFKD" || type == "Lowercase" || type == "StripAccents") {
      to_.emplace_back(type);
    } else if (type == "Strip") {
      if (step["strip_left"].boolean().value_or(true)) to_.emplace_back("StripLeft");
      if (step["strip_right"].boolean().value_or(true)) to_.emplace_back("StripRight");
    } else if (type == "Prepend") {
      to_.emplace_back(type);
      to_.emplace_back(text(step["prepend"]));
    } else if (type == "Replace") {
      const auto what = literal(step["pattern"]);
      if (!what || what->empty())
        fail("Replace: a pattern that is no plain text is not built: " + shown(step["pattern"]["Regex"].string().value_or("")));
      to_.emplace_back(type);
      to_.emplace_back(*what);
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

  const Config& file_;
  std::vector<std::string>& to_;
};

// Of merges of characters: spaces are marked by a normalizer or by Metaspace, and words cut at them or not at all.
void read_words(const Config& file, const json::Value& step, Encoding& to) {
  if (!step) return;
  const std::string_view type = type_of(step);
  if (type == "Sequence") {
    if (step["pretokenizers"].size() > 1) file.unsupported("pre_tokenizer", "several steps before merges of characters are not built");
    for (const json::Member m : step["pretokenizers"]) read_words(file, m.value, to);
  } else if (type == "Metaspace") {
    if (step["replacement"].string().value_or(metaspace_mark) != metaspace_mark)
      file.unsupported("pre_tokenizer", "Metaspace: expected U+2581 for spaces");
    const bool prefixes = step["add_prefix_space"].boolean().value_or(true);
    to.metaspace = step["prepend_scheme"].string().value_or(prefixes ? "always" : "never");
    if (to.metaspace != "always" && to.metaspace != "first" && to.metaspace != "never")
      file.unsupported("pre_tokenizer", "Metaspace: prepend_scheme: expected always, first or never, found " + shown(to.metaspace));
    to.metaspace_splits = step["split"].boolean().value_or(true);
  } else if (type == "Split" && literal(step["pattern"]) == " " && to.normalizer.size() >= 3 && to.normalizer.end()[-3] == "Replace" &&
             to.normalizer.end()[-2] == " " && to.normalizer.end()[-1] == metaspace_mark) {
    // Gemma's: the normalizer leaves no space to split at
  } else {
    file.unsupported("pre_tokenizer", "a step of type " + shown(type) + " before merges of characters is not built");
  }
}

// What makes a text of tokens again. Returns whether it drops the space that leads it.
bool strips_space(const Config& file, const json::Value& step, bool characters) {
  const std::string_view type = type_of(step);
  if (type == "Sequence") {
    bool strips = false;
    for (const json::Member m : step["decoders"]) strips |= strips_space(file, m.value, characters);
    return strips;
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
  return characters || !splits.empty() || !normalizer.empty() || !complete_bytes ||
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
  if (!characters) return;
  if (!metaspace.empty()) fields.push_back(gguf::field(prefix + "metaspace", std::string_view(metaspace)));
  if (!metaspace.empty()) fields.push_back(gguf::field(prefix + "metaspace_split", metaspace_splits));
  fields.push_back(gguf::field(prefix + "ignore_merges", takes_whole_words));
  fields.push_back(gguf::field(prefix + "strip_space", strips_first_space));
}

uint32_t flags_of(const json::Value& token, bool special) {
  const auto flag = [&](const char* key, bool fallback, uint32_t bit) { return token[key].boolean().value_or(fallback) ? bit : 0u; };
  return flag("single_word", false, AddedToken::single_word) | flag("lstrip", false, AddedToken::strips_left) |
         flag("rstrip", false, AddedToken::strips_right) | flag("normalized", !special, AddedToken::normalized);
}

Encoding read_encoding(const Config& file, bool characters) {
  Encoding out;
  out.characters = characters;
  const json::Value model = file["model"];
  check_model(file, model);
  Normalizers(file, out.normalizer).add(file["normalizer"]);
  out.falls_to_bytes = model["byte_fallback"].boolean().value_or(false);
  out.fuses_unknown = model["fuse_unk"].boolean().value_or(false);
  if (characters) {
    read_words(file, file["pre_tokenizer"], out);
    out.takes_whole_words = model["ignore_merges"].boolean().value_or(false);
  }
  const json::Value decoder = file["decoder"];
  const bool prefixes = out.metaspace == "always" || out.metaspace == "first" ||
                        std::find(out.normalizer.begin(), out.normalizer.end(), "Prepend") != out.normalizer.end();
  out.strips_first_space = decoder ? strips_space(file, decoder, characters) : prefixes;
  return out;
}

}  // namespace lt::convert
