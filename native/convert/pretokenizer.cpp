// How a tokenizer.json cuts text into words: by the name that GGUF has for the steps of its pre_tokenizer, else by the steps themselves.
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
constexpr std::string_view punctuation = R"([\p{P}!-/:-@\[-`{-~])";
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

class SplitReader {
 public:
  explicit SplitReader(const Config& file) : file_(file) {}

  // What becomes of a match and the pattern, in turn.
  std::vector<std::string> splits(const json::Value& step) {
    add(step);
    if (!bytes_) fail("expected ByteLevel last");
    return std::move(splits_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { file_.unsupported("pre_tokenizer", what); }

  void put(std::string_view match, std::string_view pattern) {
    splits_.emplace_back(match);
    splits_.emplace_back(pattern);
  }

  void add(const json::Value& step) {
    const std::string_view type = step["type"].string().value_or("none");
    if (type == "Sequence") {
      for (const json::Member m : step["pretokenizers"]) add(m.value);
    } else if (bytes_) {
      fail("nothing is expected behind ByteLevel");
    } else if (type == "Split") {
      const std::string_view inverted = step["invert"].boolean().value_or(false) ? "inverted " : "";
      put(std::string(inverted) + std::string(match_of(step["behavior"].string().value_or("none"))), pattern_of(step["pattern"]));
    } else if (type == "Digits") {
      put(step["individual_digits"].boolean().value_or(false) ? isolated : "contiguous", digits);
    } else if (type == "Punctuation") {
      put(match_of(step["behavior"].string().value_or("Isolated")), punctuation);
    } else if (type == "WhitespaceSplit") {
      put("removed", R"(\s)");
    } else if (type == "ByteLevel") {
      if (step["add_prefix_space"].boolean().value_or(true)) fail("ByteLevel with add_prefix_space is not built");
      if (step["use_regex"].boolean().value_or(true)) put(isolated, gpt2);
      bytes_ = true;
    } else {
      fail("a step of type " + shown(type) + " is not built");
    }
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
    const auto text = pattern["String"].string();
    if (!text || text->empty()) fail("a Split by another pattern than a regular expression or a text is not built");
    std::string escaped;
    for (const char c : *text) {
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
  std::vector<std::string> splits_;
  bool bytes_ = false;
};

bool are_isolated(const std::vector<std::string>& splits, const std::vector<std::string_view>& patterns) {
  if (splits.size() != 2 * patterns.size()) return false;
  for (size_t i = 0; i < patterns.size(); i++)
    if (splits[2 * i] != isolated || splits[2 * i + 1] != patterns[i]) return false;
  return true;
}

}  // namespace

std::string_view read_pretokenizer(const Config& tokenizer, Encoding& encoding) {
  std::vector<std::string> splits = SplitReader(tokenizer).splits(tokenizer["pre_tokenizer"]);
  const bool whole_words = tokenizer["model"]["ignore_merges"].boolean().value_or(false);
  for (const Known& k : known_pretokenizers())
    if (k.whole_words == whole_words && are_isolated(splits, k.patterns)) return k.pre;
  encoding.splits = std::move(splits);
  encoding.takes_whole_words = whole_words;
  return "none of these";
}

}  // namespace lt::convert
