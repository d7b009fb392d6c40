// Which of the known ways to cut text into words a tokenizer.json describes: by the steps of its pre_tokenizer, not by what they give.
#include <algorithm>

#include "convert/vocabulary.h"
#include "core/text.h"

namespace lt::convert {
namespace {

constexpr std::string_view gpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view llama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view qwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view digits = "digits";

using Steps = std::vector<std::string>;

struct Known {
  std::string_view pre;
  std::vector<std::string_view> steps;
  bool whole_words = false;  // the model's ignore_merges
};

const std::vector<Known>& known_pretokenizers() {
  static const std::vector<Known> all = {
      {"gpt-2", {gpt2}},          {"llama-bpe", {llama3}, true},
      {"smaug-bpe", {llama3}},    {"qwen2", {qwen2}},
      {"smollm", {digits, gpt2}}, {"deepseek-coder", {"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", "[一-龥ࠀ-一가-퟿]+", digits}},
  };
  return all;
}

class Reader {
 public:
  explicit Reader(const Config& file) : file_(file) {}

  Steps steps(const json::Value& step) {
    add(step);
    if (!bytes_) fail("expected ByteLevel last");
    return std::move(steps_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { file_.unsupported("pre_tokenizer", what); }

  void add(const json::Value& step) {
    const std::string_view type = step["type"].string().value_or("none");
    if (type == "Sequence") {
      for (const json::Member m : step["pretokenizers"]) add(m.value);
    } else if (bytes_) {
      fail("nothing is expected behind ByteLevel");
    } else if (type == "Split") {
      add_split(step);
    } else if (type == "Digits" && step["individual_digits"].boolean().value_or(false)) {
      steps_.emplace_back(digits);
    } else if (type == "ByteLevel") {
      if (step["add_prefix_space"].boolean().value_or(true)) fail("ByteLevel with add_prefix_space is not built");
      if (step["use_regex"].boolean().value_or(true)) steps_.emplace_back(gpt2);
      bytes_ = true;
    } else {
      fail("a step of type " + shown(type) + " is not built");
    }
  }

  void add_split(const json::Value& step) {
    const auto pattern = step["pattern"]["Regex"].string();
    if (!pattern) fail("a Split by another pattern than a regular expression is not built");
    if (step["behavior"].string().value_or("") != "Isolated" || step["invert"].boolean().value_or(false))
      fail("a Split that is not Isolated is not built: " + shown(*pattern));
    steps_.push_back(normal(*pattern));
  }

  // [\r\n] is written with the characters themselves or their names.
  static std::string normal(std::string_view pattern) { return pattern == R"([\r\n])" ? "[\r\n]" : std::string(pattern); }

  const Config& file_;
  Steps steps_;
  bool bytes_ = false;
};

std::string text_of(const Steps& steps) {
  std::string out;
  for (const std::string& s : steps) out += (out.empty() ? "" : ", then ") + s;
  return out.substr(0, 600);
}

}  // namespace

std::string_view pre_of(const Config& tokenizer) {
  const Steps steps = Reader(tokenizer).steps(tokenizer["pre_tokenizer"]);
  const bool whole_words = tokenizer["model"]["ignore_merges"].boolean().value_or(false);
  const Known* found = nullptr;
  for (const Known& k : known_pretokenizers())
    if (std::equal(k.steps.begin(), k.steps.end(), steps.begin(), steps.end()) && (!found || k.whole_words == whole_words)) found = &k;
  if (!found) tokenizer.unsupported("pre_tokenizer", "no tokenizer here cuts text by " + text_of(steps));
  if (found->whole_words != whole_words)
    tokenizer.unsupported("model",
                          std::string("ignore_merges: ") + (whole_words ? "true" : "false") + " is not built for " + text_of(steps));
  return found->pre;
}

}  // namespace lt::convert
