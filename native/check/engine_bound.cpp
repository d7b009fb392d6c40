// Texts that are bound to a grammar: what each gives is said by a rule of its own, which knows nothing of automata, over the same sampler.
#include <algorithm>
#include <limits>
#include <random>
#include <string>

#include "check/check.h"
#include "check/engine_fake.h"
#include "engine/bound_text.h"

namespace {

using namespace lt;
using namespace lt::check;
using engine::Finish;
using engine::Report;
using engine::Request;

std::shared_ptr<grammar::Binding> binding_to(const char* regex) {
  return std::make_shared<grammar::Binding>(grammar::Grammar::regex(regex));
}

// Three to six of the letters 5 to 9, then x's that are none of a grammar's business: "[5-9]{3,6}=*" by hand.
struct FakeRule {
  static bool begins(std::string_view text) {
    const size_t digits = std::min(text.find('='), text.size());
    for (const char c : text.substr(0, digits))
      if (c < '5' || c > '9') return false;
    if (text.find_first_not_of('=', digits) != std::string_view::npos) return false;
    return digits <= 6 && (digits == text.size() || digits >= 3);
  }
  static bool whole(std::string_view text) { return begins(text) && std::min(text.find('='), text.size()) >= 3; }
};

constexpr const char* fake_regex = "[5-9]{3,6}=*";

// What a request that is bound to the rule must give.
std::vector<int32_t> bound_completion(const Request& r, const FakeTokenizer& tokenizer, FakeMemory memory, bool& complete) {
  std::vector<int32_t> tokens = r.prompt, out;
  sample::Chain chain(r.generate().sampling);
  std::string text;
  while (std::ssize(out) < r.generate().max_tokens) {
    std::vector<float> logits = fake_logits(fake_hash(tokens, memory));
    for (int32_t id = 0; id < fake_vocabulary; id++) {
      const std::string& piece = tokenizer.pieces[static_cast<size_t>(id)];
      const bool may = id == fake_end ? FakeRule::whole(text) : !piece.empty() && FakeRule::begins(text + piece);
      if (!may) logits[static_cast<size_t>(id)] = -std::numeric_limits<float>::infinity();
    }
    const int32_t id = chain.choose(logits, tokens, -1).id;
    tokens.push_back(id);
    if (id == fake_end) break;
    out.push_back(id);
    text += tokenizer.pieces[static_cast<size_t>(id)];
  }
  complete = FakeRule::whole(text);
  return out;
}

Request bound_request(uint32_t i, const std::shared_ptr<grammar::Binding>& to) {
  Request r = fake_request(fake_prompt(1 + i * 7, i / 2), 3 + i % 12, i);
  if (i % 3 == 1) r.generate().sampling.settings = {{"temperature", 0}};
  if (i % 3 == 2) r.generate().sampling.settings = {{"temperature", 2}, {"topK", 0}};
  r.generate().bound.to = to;
  return r;
}

CHECK_CASE("engine/bound texts and others beside them, whatever is pushed out, shared or guessed") {
  const auto to = binding_to(fake_regex);
  for (const FakeSize size : {FakeSize{4096, 64, 8}, FakeSize{320, 16, 4}, FakeSize{512, 32, 6, {0, true}}}) {
    FakeEngine fake(size, [](FakeEngine& f) { f.tokenizer->pieces[40] = "==", f.tokenizer->pieces[41] = "56"; });
    std::vector<Request> requests;
    std::vector<uint64_t> ids;
    for (uint32_t i = 0; i < 24; i++) {
      requests.push_back(bound_request(i, i % 2 == 0 ? to : nullptr));
      ids.push_back(fake.engine->submit(requests.back()));
    }
    for (size_t i = 0; i < requests.size(); i++) {
      const Report got = fake.reports.wait(ids[i]);
      CHECK_THAT(!got.error, got.error->what());
      if (!requests[i].generate().bound.to) {
        CHECK(ids_of(got) == fake_completion(requests[i], size.context, size.memory) && got.complete);
        continue;
      }
      bool complete = false;
      CHECK(ids_of(got) == bound_completion(requests[i], *fake.tokenizer, size.memory, complete));
      CHECK(got.complete == complete && (got.finish == Finish::stop) <= complete);
    }
  }
}

CHECK_CASE("engine/a bound text ends where nothing can follow, without a step for its end") {
  FakeEngine fake;
  std::atomic<int64_t> rows = 0;
  fake.model->on_embed = [&](const Rows& r) { rows += r.spans.back().first + r.spans.back().count; };
  Request r = fake_request({0, 5}, 100);
  r.generate().bound.to = binding_to("789=|78A");
  const Report got = fake.run(r);
  CHECK(got.finish == Finish::stop && got.complete && (got.text == "789=" || got.text == "78A"));
  CHECK(got.completion_tokens == std::ssize(got.text));
  CHECK(rows == 2 + std::ssize(got.text) - 1);  // the last token's row is never computed
}

CHECK_CASE("engine/a bound text that is cut off says so") {
  FakeEngine fake;
  const auto to = binding_to("7{10}");
  for (const int64_t limit : {1, 9, 10, 11}) {
    Request r = fake_request({0, 5}, limit);
    r.generate().bound.to = to;
    const Report got = fake.run(r);
    CHECK(got.complete == (limit >= 10) && got.finish == (limit >= 10 ? Finish::stop : Finish::length));
    CHECK(got.text == std::string(static_cast<size_t>(std::min<int64_t>(limit, 10)), '7'));
    r.generate().stop = {"77777"};
    const Report stopped = fake.run(r);
    CHECK(limit < 5 || (!stopped.complete && stopped.finish == Finish::stop_string && stopped.text.empty()));
  }
}

CHECK_CASE("engine/a bound text goes back with what is taken back") {
  FakeEngine fake;
  const auto to = binding_to("[5-9]{12}");
  for (uint64_t seed = 0; seed < 12; seed++) {
    Request r = fake_request(fake_prompt(9, 4), 40, seed);
    r.generate().bound.to = to;
    r.generate().sampling.settings = {{"temperature", 3}};
    r.generate().banned = {"5", "66", "787"};
    const Report got = fake.run(r);
    CHECK_THAT(!got.error, got.error->what());
    CHECK(got.text.size() == 12 && got.complete && got.text.find_first_not_of("6789") == std::string::npos);
    for (const std::string& banned : r.generate().banned) CHECK(got.text.find(banned) == std::string::npos);
  }
}

CHECK_CASE("engine/where no token is left for a bound text, it fails alone") {
  FakeEngine fake;
  Request r = fake_request({0, 5}, 20);
  r.generate().bound.to = binding_to("7~");  // no token has the second letter
  const uint64_t other = fake.engine->submit(fake_request(fake_prompt(30, 2), 30));
  const Report got = fake.run(r);
  CHECK(got.error && got.error->code() == Code::argument && got.finish == Finish::failed);
  CHECK(ids_of(fake.reports.wait(other)) == fake_completion(fake_request(fake_prompt(30, 2), 30), 4096));
}

// Which of its digits must still come, and how often, is for every place another question, which takes long to answer.
CHECK_CASE("engine/a text whose masks are long in the making comes to its end beside others") {
  std::string slow;
  for (const char digit : {'5', '6', '7', '8', '9'}) slow += std::string("(?=(?:[^]*") + digit + "){2,9}[^]*$)";
  slow += "[5-9]{24}";
  const auto to = binding_to(slow.c_str());
  FakeEngine fake;
  std::vector<uint64_t> bound, free;
  for (uint32_t i = 0; i < 3; i++) {
    Request r = fake_request(fake_prompt(9 + i, 4), 40, i);
    r.generate().bound.to = to;
    r.generate().sampling.settings = {{"temperature", 3}};
    bound.push_back(fake.engine->submit(r));
    free.push_back(fake.engine->submit(fake_request(fake_prompt(30 + i, 2), 30)));
  }
  for (uint32_t i = 0; i < 3; i++) {
    const Report got = fake.reports.wait(bound[i]);
    CHECK_THAT(!got.error, got.error->what());
    CHECK(got.complete && got.text.size() == 24);
    for (const char digit : {'5', '6', '7', '8', '9'}) CHECK(std::count(got.text.begin(), got.text.end(), digit) >= 2);
    CHECK(ids_of(fake.reports.wait(free[i])) == fake_completion(fake_request(fake_prompt(30 + i, 2), 30), 4096));
  }
}

CHECK_CASE("engine/a bound text goes on from a prefix") {
  FakeEngine fake;
  Request r = fake_request({0, 5}, 20);
  r.generate().bound = {binding_to("789=+A"), "789=", {}, {}, false, false};
  const Report got = fake.run(r);
  CHECK(got.complete && got.text.back() == 'A' && got.text.find_first_not_of('=') == got.text.size() - 1);
  r.generate().bound.prefix = "8";
  CHECK_THROWS(fake.engine->submit(r), Code::argument);
}

CHECK_CASE("engine/what must come is cut as the tokenizer cuts it where that is asked for, many tokens a step") {
  FakeEngine fake({}, [](FakeEngine& f) {
    f.tokenizer->pieces[40] = "78";
    f.tokenizer->spelt = {{"789=", {40, '9' - '0', '=' - '0'}}, {"9=", {'9' - '0', '=' - '0'}}, {"=", {'=' - '0'}}};
  });
  std::atomic<int> steps = 0;
  fake.model->on_embed = [&](const Rows&) { steps++; };
  const auto to = binding_to("789=[+A]");
  int others = 0;
  for (uint64_t seed = 0; seed < 20; seed++) {
    Request r = fake_request(fake_prompt(9, static_cast<uint32_t>(seed)), 20, seed);
    r.generate().bound.to = to;
    r.generate().sampling.settings = {{"temperature", 3}};
    others += ids_of(fake.run(r))[0] != 40;
    r.generate().bound.canonical = true;
    const int before = steps;
    const Report got = fake.run(r);
    CHECK_THAT(!got.error, got.error->what());
    CHECK(got.complete && got.tokens[0].id == 40 && got.tokens[1].id == '9' - '0' && got.text.size() == 5);
    CHECK(steps - before == 3 && std::ssize(got.tokens) == 4);  // the second has the guess 9
  }
  CHECK(others > 0);
}

// Marks of reasoning are tokens: 60 opens, 61 and 62 close together.
void with_marks(FakeEngine& fake) {
  auto& pieces = fake.tokenizer->pieces;
  pieces[60] = "<", pieces[61] = "!", pieces[62] = "!>", pieces[63] = "\n";
  fake.tokenizer->spelt["<"] = {60};
}

CHECK_CASE("engine/behind reasoning the bound text begins, and not before") {
  int reasoned = 0, at_once = 0;
  const auto to = binding_to("[5-9]{4}");
  for (uint64_t seed = 0; seed < 40; seed++) {
    FakeEngine fake({}, with_marks);
    Request r = fake_request(fake_prompt(9, 4), 400, seed);
    const bool opened = seed % 2 == 0;
    r.generate().bound = {to, {}, "<", "!!>", opened, false};
    r.generate().sampling.settings = {{"temperature", 4}, {"topK", 0}};
    r.generate().sampling.bias = {{60, 3}, {61, 3}, {62, 3}};
    const Report got = fake.run(r);
    CHECK_THAT(!got.error, got.error->what());
    CHECK(got.complete || got.finish == Finish::length);
    const size_t close = got.text.find("!!>");
    const bool begins = opened || got.text.starts_with('<');
    (begins ? reasoned : at_once)++;
    const std::string rest = !begins ? got.text : close == std::string::npos ? std::string() : got.text.substr(close + 3);
    const size_t from = std::min(rest.find_first_not_of('\n'), rest.size());
    CHECK_THAT(from <= 2 && rest.find_first_not_of("56789", from) == std::string::npos && rest.size() - from <= 4,
               "seed " << seed << ": " << got.text << " | " << rest);
    CHECK(got.complete == (rest.size() - from == 4));
  }
  CHECK(reasoned > 20 && at_once > 0);
}

CHECK_CASE("engine/a bound text may begin as the mark of reasoning does") {
  int reasoned = 0, at_once = 0;
  const auto to = binding_to("<[5-9]{4}");
  for (uint64_t seed = 0; seed < 40; seed++) {
    FakeEngine fake({}, [](FakeEngine& f) {
      with_marks(f);
      f.tokenizer->pieces[59] = "?";
      f.tokenizer->spelt["<?"] = {60, 59};
    });
    Request r = fake_request(fake_prompt(9, 4), 400, seed);
    r.generate().bound = {to, {}, "<?", "!!>", false, false};
    r.generate().sampling.settings = {{"temperature", 4}, {"topK", 0}};
    r.generate().sampling.bias = {{59, 2}, {61, 3}, {62, 3}};
    const Report got = fake.run(r);
    CHECK_THAT(!got.error, got.error->what());
    const bool begins = got.text.starts_with("<?");
    (begins ? reasoned : at_once)++;
    const size_t close = got.text.find("!!>");
    if (begins && close == std::string::npos) continue;
    const std::string bound = begins ? got.text.substr(std::min(got.text.find('<', close), got.text.size())) : got.text;
    CHECK_THAT(got.complete == (bound.size() == 5) && bound.find_first_not_of("56789", 1) == std::string::npos, got.text);
  }
  CHECK(reasoned > 0 && at_once > 0);
}

}  // namespace
