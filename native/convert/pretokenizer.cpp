// How a tokenizer.json cuts text into words: by the name that GGUF has for the steps of its pre_tokenizer, else by the steps themselves.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "convert/vocabulary.h"
#include "core/text.h"

namespace lt::convert {
namespace {

constexpr std::string_view gpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view llama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view qwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view digits = R"(\p{N})";
constexpr std::string_view cjk = R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)";
constexpr std::string_view punctuation = R"(\p{tokenizers_punctuation})";
constexpr std::string_view space = R"(\s)";
constexpr std::string_view words = R"(\p{tokenizers_word}+|[^\s\p{tokenizers_word}]+)";
constexpr std::string_view isolated = "isolated";

struct Known {
  std::string_view pre;
  std::vector<std::string_view> patterns;  // each isolated
  bool whole_words = false;                // the model's ignore_merges
};

const std::vector<Known>& known_pretokenizers() {
  static const std::vector<Known> all = {
      {"gpt-2", {gpt2}},  {"llama-bpe", {llama3}, true}, {"smaug-bpe", {llama3}},
      {"qwen2", {qwen2}}, {"smollm", {digits, gpt2}},    {"deepseek-coder", {"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", cjk, digits}},
  };
  return all;
}

// Steps, as tokenizer.huggingface.pre_tokenizer has them: three texts each.
class StepReader {
 public:
  explicit StepReader(const Config& file) : file_(file) {}

  struct Read {
    std::vector<std::string> steps;
    bool bytes = false;  // ends with letters that stand for bytes
  };
  Read read(const json::Value& step) {
    if (step) add(step);
    return std::move(read_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { file_.unsupported("pre_tokenizer", what); }

  void put(std::string_view step, std::string_view how, std::string_view what) {
    for (const std::string_view text : {step, how, what}) read_.steps.emplace_back(text);
  }
  void put_split(std::string_view match, std::string_view pattern) { put("split", match, pattern); }

  void add(const json::Value& step) {
    const std::string_view type = step["type"].string().value_or("none");
    if (type == "Sequence") {
      for (const json::Member m : step["pretokenizers"]) add(m.value);
    } else if (read_.bytes) {
      fail("nothing is expected behind ByteLevel");
    } else if (type == "Split") {
      const std::string_view inverted = step["invert"].boolean().value_or(false) ? "inverted " : "";
      put_split(std::string(inverted) + std::string(match_of(step["behavior"].string().value_or("none"))), pattern_of(step["pattern"]));
    } else if (type == "Digits") {
      put_split(step["individual_digits"].boolean().value_or(false) ? isolated : "contiguous", digits);
    } else if (type == "Punctuation") {
      put_split(match_of(step["behavior"].string().value_or("Isolated")), punctuation);
    } else if (type == "WhitespaceSplit") {
      put_split("removed", space);
    } else if (type == "Whitespace") {
      put_split("inverted removed", words);
    } else if (type == "BertPreTokenizer") {
      put_split("removed", space);
      put_split(isolated, punctuation);
    } else if (type == "CharDelimiterSplit") {
      put_split("removed", escaped(step["delimiter"].string().value_or("")));
    } else if (type == "UnicodeScripts") {
      put("scripts", "", "");
    } else if (type == "Metaspace") {
      add_metaspace(step);
    } else if (type == "ByteLevel") {
      if (step["add_prefix_space"].boolean().value_or(true)) put("prefix", "space", "");
      if (step["use_regex"].boolean().value_or(true)) put_split(isolated, gpt2);
      read_.bytes = true;
    } else {
      fail("a step of type " + shown(type) + " is not built");
    }
  }

  void add_metaspace(const json::Value& step) {
    if (step["replacement"].string().value_or(metaspace_mark) != metaspace_mark) fail("Metaspace: expected U+2581 for spaces");
    const bool prefixes = step["add_prefix_space"].boolean().value_or(true);
    const std::string_view scheme = step["prepend_scheme"].string().value_or(prefixes ? "always" : "never");
    if (scheme != "always" && scheme != "first" && scheme != "never")
      fail("Metaspace: prepend_scheme: expected always, first or never, found " + shown(scheme));
    put("metaspace", scheme, step["split"].boolean().value_or(true) ? "split" : "whole");
  }

  std::string_view match_of(std::string_view behavior) const {
    static constexpr std::string_view names[][2] = {{"Isolated", isolated},
                                                    {"Removed", "removed"},
                                                    {"MergedWithPrevious", "merged_with_previous"},
                                                    {"MergedWithNext", "merged_with_next"},
                                                    {"Contiguous", "contiguous"}};
    for (const auto& [theirs, ours] : names)
      if (theirs == behavior) return ours;
    fail("a step of the behavior " + shown(behavior) + " is not built");
  }

  std::string pattern_of(const json::Value& pattern) const {
    if (const auto regex = pattern["Regex"].string()) return normal(*regex);
    return escaped(pattern["String"].string().value_or(""));
  }

  std::string escaped(std::string_view text) const {
    if (text.empty()) fail("a Split by another pattern than a regular expression or a text is not built");
    std::string escaped;
    for (const char c : text) {
      if (std::string_view(R"(\^$.|?*+()[]{})").find(c) != std::string_view::npos) escaped += '\\';
      escaped += c;
    }
    return escaped;
  }

  // Patterns that are known by a name are written in two ways.
  static std::string normal(std::string_view pattern) {
    if (pattern == R"([\r\n])") return "[\r\n]";
    return std::string(pattern == "[一-龥ࠀ-一가-퟿]+" ? cjk : pattern);
  }

  const Config& file_;
  Read read_;
};

// What the steps from `first` on do to matches and their patterns, in turn; nothing where there are other steps than splits.
std::optional<std::vector<std::string>> splits_from(const std::vector<std::string>& steps, size_t first) {
  std::vector<std::string> splits;
  for (size_t i = 3 * first; i < steps.size(); i += 3) {
    if (steps[i] != "split") return std::nullopt;
    splits.insert(splits.end(), {steps[i + 1], steps[i + 2]});
  }
  return splits;
}

bool are_isolated(const std::vector<std::string>& splits, const std::vector<std::string_view>& patterns) {
  if (splits.size() != 2 * patterns.size()) return false;
  for (size_t i = 0; i < patterns.size(); i++)
    if (splits[2 * i] != isolated || splits[2 * i + 1] != patterns[i]) return false;
  return true;
}

}  // namespace

bool cuts_bytes(const Config& tokenizer) { return StepReader(tokenizer).read(tokenizer["pre_tokenizer"]).bytes; }

void read_steps(const Config& tokenizer, Encoding& encoding) {
  StepReader::Read read = StepReader(tokenizer).read(tokenizer["pre_tokenizer"]);
  if (read.bytes) tokenizer.unsupported("pre_tokenizer", "ByteLevel before a model of characters is not built");
  encoding.steps = std::move(read.steps);
}

std::string_view read_pretokenizer(const Config& tokenizer, Encoding& encoding) {
  StepReader::Read read = StepReader(tokenizer).read(tokenizer["pre_tokenizer"]);
  if (!read.bytes) tokenizer.unsupported("pre_tokenizer", "expected ByteLevel last");
  const bool whole_words = tokenizer["model"]["ignore_merges"].boolean().value_or(false);
  const bool prefixed = !read.steps.empty() && read.steps[0] == "prefix";
  auto splits = splits_from(read.steps, prefixed ? 1 : 0);
  if (!prefixed && splits)
    for (const Known& k : known_pretokenizers())
      if (k.whole_words == whole_words && are_isolated(*splits, k.patterns)) return k.pre;
  if (!splits) {
    encoding.steps = std::move(read.steps);
  } else {
    if (prefixed) encoding.steps.assign(read.steps.begin(), read.steps.begin() + 3);
    encoding.splits = std::move(*splits);
  }
  encoding.takes_whole_words = whole_words;
  return "none of these";
}

}  // namespace lt::convert
