#include "model/blocks.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lt::model {
namespace {

// Bounds far above any model, so that products of them stay within 64 bits.
constexpr int64_t most_layers = 4096, most_width = 1 << 20, most_heads = 1 << 14, most_context = int64_t{1} << 30;

int64_t uniform(const Loader& loader, const char* key, int64_t layers, int64_t high, std::optional<int64_t> fallback) {
  const int64_t first = loader.per_layer(key, 0, 1, high, fallback);
  for (int64_t i = 1; i < layers; i++) {
    const int64_t other = loader.per_layer(key, i, 1, high, fallback);
    if (other != first)
      throw Error(Code::unsupported, loader.architecture() + "." + key + ": expected the same in every layer, found " +
                                         std::to_string(first) + " and " + std::to_string(other));
  }
  return first;
}

std::vector<double> plain_frequencies(int64_t rotary, double base) {
  std::vector<double> f(static_cast<size_t>(rotary / 2));
  for (size_t i = 0; i < f.size(); i++) f[i] = std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(rotary));
  return f;
}

// YaRN, section 3.2: pairs that turn often in the original context keep their frequency, those that turn rarely are
// interpolated by `factor`, with a ramp between.
void yarn(std::vector<double>& f, const Loader& loader, const Hyper& hyper, double base, double factor) {
  constexpr double pi = 3.14159265358979323846;
  const auto original =
      static_cast<double>(loader.integer("rope.scaling.original_context_length", 1, most_context, hyper.shape.trained_context));
  const double fast = loader.number("rope.scaling.yarn_beta_fast", 1e-6, 1e6, 32),
               slow = loader.number("rope.scaling.yarn_beta_slow", 1e-6, 1e6, 1);
  const auto dim = static_cast<double>(hyper.rotary);
  const auto pair_that_turns = [&](double turns) { return dim * std::log(original / (turns * 2 * pi)) / (2 * std::log(base)); };
  const double low = std::max(std::floor(pair_that_turns(fast)), 0.0);
  double high = std::min(std::ceil(pair_that_turns(slow)), dim - 1);
  if (high == low) high += 0.001;
  for (size_t i = 0; i < f.size(); i++) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    f[i] = f[i] / factor * ramp + f[i] * (1 - ramp);
  }
}

// Section 3.4: attention is sharpened by 0.1 ln(factor) + 1, here as a magnitude of rotated columns; a file may state it, or
// the share of it that its scores already hold.
double yarn_magnitude(const Loader& loader, double factor) {
  const auto grow = [&](double scale) { return factor > 1 ? 0.1 * scale * std::log(factor) + 1 : 1.0; };
  const double share = loader.number("rope.scaling.yarn_log_multiplier", -1e3, 1e3, 0);
  return loader.number("rope.scaling.yarn_attn_factor", 0, 1e3, grow(1) / grow(share));
}

// From here on, heads and kv_heads are of this rank.
void divide_heads(Division& d, Hyper& h) {
  d.heads = h.shape.heads, d.kv_heads = h.shape.kv_heads;
  h.cut = cut_heads(h.shape.heads, h.shape.kv_heads, d.size);
  if (!h.cut.query) return d.note("attention on every rank");
  std::string kv;
  for (const Range& r : h.cut.kv) kv += (kv.empty() ? "" : "+") + std::to_string(r.count);
  d.note("attention heads " + h.cut.query.text() + " (KV heads " + kv + ")");
  h.shape.heads = h.cut.query.of(d.rank).count;
  h.shape.kv_heads = h.cut.kv[static_cast<size_t>(d.rank)].count;
}

// Rows of all of it without a cut.
Range mine(const Division& d, const Boundaries& cut, int64_t whole) { return cut ? cut.of(d.rank) : Range{0, whole}; }

// In blocks of the weight that reads the columns, and in 32 where there are enough, as kernels like them.
Boundaries cut_feed_forward(const Loader& loader, const std::string& down, int64_t ff) {
  const int ranks = loader.division().size;
  for (const int64_t unit : {std::max<int64_t>(loader.block_of(down), 32), loader.block_of(down), int64_t{1}})
    if (const Boundaries c = cut(ff, unit, ranks)) return c;
  return {};
}

}  // namespace

Hyper read_hyper(const Loader& loader) {
  Hyper h{};
  Shape& s = h.shape;
  s.layers = loader.integer("block_count", 1, most_layers);
  s.width = loader.integer("embedding_length", 1, most_width);
  s.trained_context = loader.integer("context_length", 1, most_context);
  s.vocabulary = loader.rows_of("token_embd.weight");
  s.heads = uniform(loader, "attention.head_count", s.layers, most_heads, {});
  s.kv_heads = uniform(loader, "attention.head_count_kv", s.layers, most_heads, s.heads);
  if (s.heads % s.kv_heads)
    throw Error(Code::format, loader.architecture() + ".attention.head_count_kv: expected a divisor of " + std::to_string(s.heads) +
                                  ", found " + std::to_string(s.kv_heads));
  s.key_dim = loader.integer("attention.key_length", 1, 1 << 14, std::max<int64_t>(s.width / s.heads, 1));
  s.value_dim = loader.integer("attention.value_length", 1, 1 << 14, std::max<int64_t>(s.width / s.heads, 1));
  divide_heads(loader.division(), h);
  h.rotary = loader.integer("rope.dimension_count", 2, s.key_dim, s.key_dim);
  if (h.rotary % 2)
    throw Error(Code::format, loader.architecture() + ".rope.dimension_count: expected an even number, found " + std::to_string(h.rotary));
  h.eps = static_cast<float>(loader.number("attention.layer_norm_rms_epsilon", 0, 1, 1e-5));
  if (loader.integer("expert_count", 0, 1 << 16, 0) > 0)
    throw Error(
        Code::unsupported,
        loader.architecture() + ".expert_count: expected a dense model, found a mixture of experts, which this version does not run");
  return h;
}

Rope read_rope(Loader& loader, const Hyper& hyper, bool neighbours) {
  const double base = loader.number("rope.freq_base", 1.0001, 1e12, 10000);
  std::vector<double> f = plain_frequencies(hyper.rotary, base);
  // A factor without a type is linear; so is the key of the oldest files.
  const std::string kind = loader.text("rope.scaling.type", "linear");
  const double factor = loader.number("rope.scaling.factor", 0, 1e6, loader.number("rope.scale_linear", 0, 1e6, 1));
  double magnitude = 1;
  if (kind == "yarn") {
    if (factor <= 0) throw Error(Code::format, loader.architecture() + ".rope.scaling.factor: expected a number above 0, found 0");
    yarn(f, loader, hyper, base, factor);
    magnitude = yarn_magnitude(loader, factor);
  } else if (kind == "linear") {
    for (double& x : f) x /= factor > 0 ? factor : 1;
  } else if (kind != "none" && kind != "llama3") {
    throw Error(Code::unsupported,
                loader.architecture() + ".rope.scaling.type: expected none, linear, yarn or llama3, found \"" + kind + "\"");
  }
  std::vector<float> divisors(f.size(), 1.0f);
  loader.values("rope_freqs.weight", divisors);
  std::vector<float> freqs(f.size());
  for (size_t i = 0; i < f.size(); i++) freqs[i] = static_cast<float>(f[i] / divisors[i]);
  return {.freqs = loader.table(freqs), .magnitude = static_cast<float>(magnitude), .heads = 1, .neighbours = neighbours};
}

Projection read_projection(Loader& loader, const std::string& name, int64_t out, int64_t in, const Range& mine) {
  return {loader.rows(name + ".weight", out, in, mine), loader.optional_vector(name + ".bias", out, mine)};
}

Joint read_joint(Loader& loader, const std::string& name, int64_t out, int64_t in, const Boundaries& input) {
  const Division& d = loader.division();
  if (d.size == 1) return {.p = read_projection(loader, name, out, in, {0, out})};
  if (input && !d.exact && input.between(loader.block_of(name + ".weight"))) {
    const Tensor bias = loader.optional_vector(name + ".bias", out);  // one rank adds it
    return {.p = {loader.columns(name + ".weight", out, in, input.of(d.rank)), d.rank == 0 ? bias : Tensor{}}, .sums = true};
  }
  const Boundaries rows = cut(out, 1, d.size);
  return {.p = read_projection(loader, name, out, in, mine(d, rows, out)), .gathers = bool(input), .rows = bool(rows)};
}

void join(Ops& ops, Tensor y, Tensor x, const Joint& joint) {
  Scope s(ops);
  if (joint.gathers) {
    const Tensor all = s.f32(x.rows, joint.p.w.cols);
    ops.all_gather(all, x);
    x = all;
  }
  const Tensor own = joint.rows ? s.f32(x.rows, joint.p.w.rows) : y;
  ops.matmul(own, x, joint.p.w, joint.p.b);
  if (joint.sums) ops.all_reduce(y);
  if (joint.rows) ops.all_gather(y, own);
}

FeedForward read_feed_forward(Loader& loader, int64_t layer, int64_t width) {
  const std::string b = "blk." + std::to_string(layer) + ".";
  const int64_t ff = loader.per_layer("feed_forward_length", layer, 1, most_width);
  Division& d = loader.division();
  const Boundaries cut = cut_feed_forward(loader, b + "ffn_down.weight", ff);
  const Range own = mine(d, cut, ff);
  FeedForward f{read_projection(loader, b + "ffn_gate", ff, width, own), read_projection(loader, b + "ffn_up", ff, width, own),
                read_joint(loader, b + "ffn_down", width, ff, cut)};
  d.note(cut ? "feed-forward " + cut.text() + (f.down.sums ? "" : " (gathered)") : "feed-forward on every rank");
  return f;
}

void add_output_and_feed_forward(Ops& ops, Tensor x, Tensor a, const Joint& out, Tensor norm, float eps, const FeedForward& ffn) {
  Scope s(ops);
  const Tensor h = s.like(x), n = s.like(x), f = s.f32(x.rows, ffn.gate.w.rows);
  join(ops, h, a, out);
  ops.add_norm(n, x, h, norm, eps);
  ops.glu(f, n, ffn.gate.to({}), ffn.up.to({}), Act::silu);
  join(ops, h, f, ffn.down);
  ops.add(x, x, h);
}

Attention read_attention(Loader& loader, int64_t layer, const Hyper& hyper) {
  const std::string b = "blk." + std::to_string(layer) + ".";
  Division& d = loader.division();
  const Shape& s = hyper.shape;
  const Range q = mine(d, hyper.cut.query, d.heads);
  const Range kv = hyper.cut.query ? hyper.cut.kv[static_cast<size_t>(d.rank)] : Range{0, d.kv_heads};
  const auto rows = [](const Range& heads, int64_t dim) { return Range{heads.first * dim, heads.count * dim}; };
  Attention a{read_projection(loader, b + "attn_q", d.heads * s.key_dim, s.width, rows(q, s.key_dim)),
              read_projection(loader, b + "attn_k", d.kv_heads * s.key_dim, s.width, rows(kv, s.key_dim)),
              read_projection(loader, b + "attn_v", d.kv_heads * s.value_dim, s.width, rows(kv, s.value_dim)),
              read_joint(loader, b + "attn_output", s.width, d.heads * s.value_dim, hyper.cut.query.times(s.value_dim))};
  if (a.out.gathers && !d.exact) d.note("attention output gathered");
  return a;
}

// Every rank has the table, of whose rows only those of tokens that occur are read, and some rows of the output matrix.
Embedding read_embedding(Loader& loader, const Shape& s) {
  Embedding e;
  const bool tied = !loader.has("output.weight"), one = loader.division().size == 1;
  e.table = one ? loader.matrix("token_embd.weight", s.vocabulary, s.width) : loader.lookup("token_embd.weight", s.vocabulary, s.width);
  e.norm = loader.vector("output_norm.weight", s.width);
  e.out = tied && one ? Joint{.p = {e.table, {}}} : read_joint(loader, tied ? "token_embd" : "output", s.vocabulary, s.width, {});
  if (e.out.rows) loader.division().note("output rows " + cut(s.vocabulary, 1, loader.division().size).text());
  return e;
}

void output_head(Ops& ops, Tensor logits, Tensor x, const Rows& rows, const Embedding& e, float eps) {
  Scope s(ops);
  const Tensor h = s.f32(rows.outputs.rows, x.cols);
  ops.gather(h, x, rows.outputs);
  ops.rms_norm(h, h, e.norm, eps, 1);
  join(ops, logits, h, e.out);
}

}  // namespace lt::model
