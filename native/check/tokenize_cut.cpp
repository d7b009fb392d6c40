// The pre-tokenizers: examples of every branch of their regular expressions, and that nothing is lost.
#include "check/check.h"
#include "check/tokenize_file.h"
#include "tokenize/pretokenize.h"

using namespace lt;
using tokenize::find_pretokenizer;
using tokenize::Splitter;

namespace {
std::string joined(std::string_view pre, std::string_view text) {
  std::string all;
  Splitter(find_pretokenizer(pre)->patterns).words(text, [&](std::string_view word) {
    if (!all.empty()) all += '|';
    all += word;
  });
  return all;
}
void is_cut(std::string_view pre, std::string_view text, std::string_view expected) {
  CHECK_THAT(joined(pre, text) == expected, pre << ": " << joined(pre, text) << " instead of " << expected);
}
}  // namespace

CHECK_CASE("tokenize/gpt-2's words") {
  is_cut("gpt-2", "I'm they'LL 'tis", "I|'m| they|'|LL| '|tis");
  is_cut("gpt-2", "a  b   c  ", "a| | b|  | c|  ");
  is_cut("gpt-2", "x=1234+ 56", "x|=|1234|+| 56");
  is_cut("gpt-2", "a\n\n b\t\tc", "a|\n\n| b|\t|\t|c");
  is_cut("gpt-2", "e\u0301!? \u65e5\u672c", "e|\u0301!?| \u65e5\u672c");
  is_cut("gpt-2", "'", "'");
}

CHECK_CASE("tokenize/llama-bpe's words") {
  is_cut("llama-bpe", "I'M they'Ll x're", "I|'M| they|'Ll| x|'re");
  is_cut("llama-bpe", "12345 67", "123|45| |67");
  is_cut("llama-bpe", "(a) \t\tb", "(a|)| \t|\tb");
  is_cut("llama-bpe", "a!!\r\n\n b", "a|!!\r\n\n| b");
  is_cut("llama-bpe", "a \n \n  b", "a| \n \n| | b");
  is_cut("llama-bpe", "a   ", "a|   ");
  is_cut("llama-bpe", "'sa 'x", "'s|a| '|x");
}

CHECK_CASE("tokenize/words of the others") {
  is_cut("qwen2", "a1234 5", "a|1|2|3|4| |5");
  is_cut("smollm", "a  12 b", "a|  |1|2| b");
  is_cut("starcoder", "x1y", "x|1|y");
  is_cut("deepseek-coder", "a b,  c\n\n12\u65e5", "a| b|,| | c|\n|\n|1|2|\u65e5");
}

CHECK_CASE("tokenize/cutting loses nothing, whatever the bytes") {
  check::Random random(2);
  const char* parts[] = {"a", "B", "'",      "'s",     " ",      "  ",     "\n",   "\r",   "\t",       "1",         "\u0663",
                         "!", "$", "\u00e9", "\u0301", "\u65e5", "\u3000", "\xC3", "\x80", "\xF0\x9F", "\U0001F999"};
  for (const tokenize::Pretokenizer& pre : tokenize::pretokenizers()) {
    const Splitter splitter(pre.patterns);
    for (int round = 0; round < 1000; ++round) {
      std::string text;
      for (size_t i = 1 + random.below(30); i > 0; --i) text += parts[random.below(std::size(parts))];
      std::string all;
      splitter.words(text, [&](std::string_view word) {
        CHECK(!word.empty());
        all += word;
      });
      CHECK(all == text);
    }
  }
}
