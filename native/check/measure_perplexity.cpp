// Perplexity and divergence against a plain computation, however the text is cut into batches; the base's file and its faults.
#include <cmath>
#include <cstring>
#include <fstream>

#include "check/check.h"
#include "check/forward.h"
#include "check/temporary.h"
#include "measure/base.h"
#include "measure/perplexity.h"
#include "model/model.h"

namespace {

using namespace lt;
using namespace lt::check;

const auto never = [](double) { return true; };

measuring::PerplexityOptions options(const std::string& backend = "cpu", int64_t rows = 512) {
  measuring::PerplexityOptions o;
  o.engine.backend = backend;
  o.engine.threads = 2;
  o.engine.batch_tokens = rows;
  o.context = 64;
  o.chunks = 6;
  return o;
}

std::string stories() { return read_file(shared("text/stories.txt")).substr(0, 8000); }

measuring::Perplexity run(const char* model, const measuring::PerplexityOptions& o) {
  return measuring::perplexity(shared(model), stories(), o, never);
}

// log softmax of every row of a chunk, in double.
std::vector<std::vector<double>> distributions(const Model& model, Backend& backend, const std::vector<int32_t>& ids) {
  const std::vector<float> logits = forward(model, backend, ids, Type::f16);
  const auto width = static_cast<size_t>(model.shape().vocabulary);
  std::vector<std::vector<double>> out;
  for (size_t r = 0; r < ids.size(); r++) {
    std::vector<double> row(logits.begin() + static_cast<std::ptrdiff_t>(r * width),
                            logits.begin() + static_cast<std::ptrdiff_t>((r + 1) * width));
    double sum = 0;
    for (const double v : row) sum += std::exp(v);
    for (double& v : row) v -= std::log(sum);
    out.push_back(row);
  }
  return out;
}

struct Plain {
  double nll = 0, kl = 0;
  int64_t tokens = 0, same = 0;
};

// Two models on the chunks of 64 tokens, as golden/README.md says.
Plain plain(const char* model_path, const char* base_path, int64_t chunks) {
  const auto file = gguf::File::open(shared(model_path)), base_file = gguf::File::open(shared(base_path));
  const auto tokenizer = tokenize::Tokenizer::load(file);
  std::vector<int32_t> tokens = tokenizer->encode(stories(), false);
  if (tokenizer->add_bos()) tokens.insert(tokens.begin(), tokenizer->bos());
  Plain p;
  for (int64_t c = 0; c < chunks; c++) {
    std::vector<int32_t> chunk(tokens.begin() + c * 64, tokens.begin() + (c + 1) * 64);
    if (tokenizer->add_bos()) chunk[0] = tokenizer->bos();
    const auto backend = open_backend("ref", {}), base_backend = open_backend("ref", {});
    const auto q = distributions(*model::load(*file, *backend), *backend, chunk);
    const auto base = distributions(*model::load(*base_file, *base_backend), *base_backend, chunk);
    for (size_t r = 32; r < 63; r++, p.tokens++) {
      p.nll -= q[r][static_cast<size_t>(chunk[r + 1])];
      for (size_t i = 0; i < q[r].size(); i++) p.kl += std::exp(base[r][i]) * (base[r][i] - q[r][i]);
      p.same +=
          std::max_element(q[r].begin(), q[r].end()) - q[r].begin() == std::max_element(base[r].begin(), base[r].end()) - base[r].begin();
    }
  }
  const auto n = static_cast<double>(p.tokens);
  return {p.nll / n, p.kl / n, p.tokens, p.same};
}

void save_base(const std::string& path, const char* model = "models/story-F32.gguf", const std::string& backend = "cpu") {
  measuring::PerplexityOptions o = options(backend);
  o.save_base = path;
  run(model, o);
}

}  // namespace

CHECK_CASE("measure/perplexity: what a plain computation finds, and the divergence from a base") {
  const TemporaryPath base;
  measuring::PerplexityOptions o = options("ref");
  o.chunks = 2;
  o.save_base = base.text();
  run("models/story-F32.gguf", o);
  o.save_base.clear();
  o.base = base.text();
  const measuring::Perplexity found = run("models/story-Q8_0.gguf", o);
  const Plain wanted = plain("models/story-Q8_0.gguf", "models/story-F32.gguf", 2);
  CHECK(found.tokens == 62 && wanted.tokens == 62 && found.chunks == 2);
  CHECK_THAT(std::abs(found.nll.value - wanted.nll) < 1e-6, found.nll.value << " for " << wanted.nll);
  CHECK_THAT(std::abs(found.divergence->kl.value - wanted.kl) < 2e-6, found.divergence->kl.value << " for " << wanted.kl);
  CHECK(std::lround(found.divergence->same_top.value * 62) == wanted.same);
}

CHECK_CASE("measure/perplexity: however the text is cut into batches, the figure has the same bits") {
  const double whole = run("models/story-Q8_0.gguf", options("cpu", 512)).nll.value;
  for (const int64_t rows : {7, 64, 100, 4096}) CHECK(run("models/story-Q8_0.gguf", options("cpu", rows)).nll.value == whole);
}

CHECK_CASE("measure/perplexity: a model is where its own base is") {
  const TemporaryPath base;
  save_base(base.text());
  measuring::PerplexityOptions o = options();
  o.base = base.text();
  for (const bool with_text : {true, false}) {
    const auto text = with_text ? std::optional(stories()) : std::nullopt;
    const measuring::Divergence d = *measuring::perplexity(shared("models/story-F32.gguf"), text, o, never).divergence;
    CHECK_THAT(d.kl.value >= 0 && d.kl.value < 1e-7 && d.kl_most < 1e-5, d.kl.value << " " << d.kl_most);
    CHECK_THAT(d.same_top.value == 1 && std::abs(d.log_ratio.value) < 1e-6, d.same_top.value << " " << d.log_ratio.value);
  }
}

CHECK_CASE("measure/perplexity: a base of another text, vocabulary or form is refused") {
  const TemporaryPath base;
  save_base(base.text());
  measuring::PerplexityOptions o = options();
  o.base = base.text();
  CHECK_THROWS(measuring::perplexity(shared("models/story-F32.gguf"), stories().substr(100), o, never), Code::argument);
  CHECK_THROWS(measuring::perplexity(shared("golden/hf/llama/model-bf16.gguf"), {}, o, never), Code::argument);
  o.save_base = "x";
  CHECK_THROWS(run("models/story-F32.gguf", o), Code::argument);
  o.save_base.clear();
  o.base = shared("models/story-F32.gguf");
  CHECK_THROWS(run("models/story-F32.gguf", o), Code::format);
  o.base = "/absent/base";
  CHECK_THROWS(run("models/story-F32.gguf", o), Code::file);
  o.base.clear();
  CHECK_THROWS(measuring::perplexity(shared("models/story-F32.gguf"), {}, o, never), Code::argument);
}

CHECK_CASE("measure/perplexity: a base cut or changed at random is read or refused") {
  const TemporaryPath base, changed;
  measuring::PerplexityOptions o = options();
  o.chunks = 1;
  o.save_base = base.text();
  run("models/story-F32.gguf", o);
  const std::string whole = read_file(base.text());
  std::mt19937 random(5);
  int refused = 0;
  for (int i = 0; i < 2000; i++) {
    std::string bytes = whole;
    if (i % 4 == 0) bytes.resize(random() % bytes.size());
    for (int n = 0; n < 2 && !bytes.empty(); n++)
      bytes[random() % std::min<size_t>(bytes.size(), i % 2 ? 300 : bytes.size())] = static_cast<char>(random());
    std::ofstream(changed.text(), std::ios::binary) << bytes;
    try {
      const measuring::BaseReader reader(changed.text());
      for (int64_t r = 0; r < measuring::scored_rows(reader.chunks()); r++)
        for (const float v : reader.row(r).logits) CHECK(std::isfinite(v));
    } catch (const Error& e) {
      CHECK(e.code() == Code::format || e.code() == Code::file);
      refused++;
    }
  }
  CHECK(refused >= 500);
}

CHECK_CASE("measure/perplexity: stopping leaves no file") {
  const TemporaryPath base;
  measuring::PerplexityOptions o = options("cpu", 64);
  o.save_base = base.text();
  const auto stop = [](double fraction) { return fraction < 0.3; };
  CHECK_THROWS(measuring::perplexity(shared("models/story-F32.gguf"), stories(), o, stop), Code::disposed);
  CHECK(!std::filesystem::exists(base.text()) && !std::filesystem::exists(base.text() + ".partial"));
}
