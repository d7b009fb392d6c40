// The judge judged: each op of ref against numbers that numpy computed in float64 (scripts/op-vectors.py).
#include <cmath>

#include "check/check.h"
#include "check/json.h"
#include "core/backend.h"

namespace lt::check {
namespace {

// An op's vector: its tensors in ref's memory, its numbers, and what is to come out.
struct OpVector {
  const Json& json;
  Backend& backend;

  Tensor tensor(const char* name, Type type = Type::f32) const {
    if (!json.has(name)) return {};
    const std::vector<Json>& rows = json.at(name).items();
    const Tensor t = backend.alloc(type, std::ssize(rows), std::ssize(rows[0].items()));
    for (int64_t r = 0; r < t.rows; r++)
      for (int64_t c = 0; c < t.cols; c++) {
        const double v = rows[static_cast<size_t>(r)].items()[static_cast<size_t>(c)].number();
        type == Type::i32 ? void(t.row<int32_t>(r)[c] = static_cast<int32_t>(v)) : void(t.row<float>(r)[c] = static_cast<float>(v));
      }
    return t;
  }
  Tensor ints(const char* name) const { return tensor(name, Type::i32); }
  double number(const char* name, double otherwise) const { return json.has(name) ? json.at(name).number() : otherwise; }
  float real(const char* name, double otherwise) const { return static_cast<float>(number(name, otherwise)); }
  int64_t whole(const char* name, int64_t otherwise) const { return static_cast<int64_t>(number(name, static_cast<double>(otherwise))); }
  bool is(const char* name) const { return number(name, 0) != 0; }
  Tensor result(const char* name, Type type = Type::f32) const {
    const std::vector<Json>& rows = json.at(name).items();
    return backend.alloc(type, std::ssize(rows), std::ssize(rows[0].items()));
  }

  void expect(const char* name, const Tensor& found) const {
    const Tensor wanted = tensor(name, found.type);
    for (int64_t r = 0; r < wanted.rows; r++)
      for (int64_t c = 0; c < wanted.cols; c++) {
        const bool whole = found.type == Type::i32;
        const double a = whole ? found.row<int32_t>(r)[c] : static_cast<double>(found.row<float>(r)[c]),
                     b = whole ? wanted.row<int32_t>(r)[c] : static_cast<double>(wanted.row<float>(r)[c]);
        CHECK_THAT(std::fabs(a - b) <= 2e-6 * (1 + std::fabs(b)),
                   name << " row " << r << " column " << c << " is " << a << ", expected " << b);
      }
  }
};

void norm(const OpVector& v, Ops& ops) {
  const Tensor y = v.result("y");
  ops.norm(y, v.tensor("x"),
           {.w = v.tensor("w"), .b = v.tensor("b"), .eps = v.real("eps", 0), .heads = v.whole("heads", 1), .centred = v.is("centred")});
  v.expect("y", y);
}

void map(const OpVector& v, Ops& ops) {
  const char* const names[] = {"none",    "silu",     "gelu", "gelu_tanh", "relu",   "relu2",
                               "sigmoid", "softplus", "tanh", "clamp",     "swiglu", "elu"};
  const auto name = std::find(std::begin(names), std::end(names), v.json.at("act").string());
  const Tensor y = v.result("y");
  ops.map(y, v.tensor("a"), v.tensor("b"),
          {.act = static_cast<Act>(name - names),
           .adds = v.is("adds"),
           .inner = v.real("inner", 1),
           .outer = v.real("outer", 1),
           .limit = v.real("limit", 0)});
  v.expect("y", y);
}

void rope(const OpVector& v, Ops& ops) {
  const Tensor x = v.tensor("x");
  ops.rope(x, v.ints("turns"),
           {.freqs = v.tensor("freqs"),
            .axes = v.ints("axes"),
            .magnitude = v.real("magnitude", 1),
            .heads = v.whole("heads", 1),
            .start = v.whole("start", 0),
            .neighbours = v.is("neighbours")});
  v.expect("y", x);
}

// Rows of one sequence at these places, its pages in their order.
Rows rows_at(Backend& b, const Tensor& places, const Tensor& sees) {
  Rows rows;
  rows.places = places;
  rows.sees = sees;
  rows.sequences = b.alloc(Type::i32, places.rows, 1);
  rows.pages[0] = b.alloc(Type::i32, 1, 1);
  return rows;
}

void attend(const OpVector& v, Ops& ops) {
  const Tensor k = v.tensor("k"), values = v.tensor("v"), q = v.tensor("q"), y = v.result("y"), places = v.ints("places");
  const int64_t kv_heads = v.whole("kv_heads", 1), latent = v.whole("latent", 0);
  const Tensor keys = v.backend.alloc(Type::f32, kv_heads * Kv::page_size, k.cols / kv_heads);
  const Kv kv{keys, latent ? keys.columns(0, latent) : v.backend.alloc(Type::f32, keys.rows, values.cols / kv_heads), kv_heads};
  const Tensor all = v.backend.alloc(Type::i32, k.rows, 1);
  for (int64_t p = 0; p < k.rows; p++) *all.row<int32_t>(p) = static_cast<int32_t>(p);
  ops.store_kv(kv, k, values, rows_at(v.backend, all, all));
  ops.attend(y, q, kv, rows_at(v.backend, places, v.json.has("sees") ? v.ints("sees") : places),
             {.heads = v.whole("heads", 1),
              .scale = v.real("scale", 1),
              .window = v.whole("window", 0),
              .ahead = v.whole("ahead", -1),
              .chunk = v.whole("chunk", 0),
              .cap = v.real("cap", 0),
              .sinks = v.tensor("sinks"),
              .slopes = v.tensor("slopes"),
              .offsets = v.tensor("offsets")});
  v.expect("y", y);
}

void matmul(const OpVector& v, Ops& ops) {
  const Product product{v.result("y"), v.tensor("w"), v.tensor("b")};
  ops.matmul(v.tensor("x"), std::span(&product, 1), {.ids = v.ints("ids"), .count = v.whole("count", 0), .first = v.whole("first", 0)});
  v.expect("y", product.y);
}

void route(const OpVector& v, Ops& ops) {
  const std::string& gating = v.json.at("gating").string();
  const Tensor ids = v.result("ids", Type::i32), weights = v.result("weights");
  ops.route(ids, weights, v.tensor("scores"),
            {.gating = gating == "softmax"   ? Router::Gating::softmax
                       : gating == "sigmoid" ? Router::Gating::sigmoid
                       : gating == "mixed"   ? Router::Gating::mixed
                                             : Router::Gating::chosen,
             .bias = v.tensor("bias"),
             .groups = v.whole("groups", 1),
             .used_groups = v.whole("used_groups", 1),
             .group_best = v.whole("group_best", 2),
             .normalize = v.is("normalize"),
             .scale = v.real("scale", 1),
             .nearness = v.real("near", 0.02f)});
  v.expect("ids", ids);
  v.expect("weights", weights);
}

void combine(const OpVector& v, Ops& ops) {
  const Tensor y = v.result("y");
  ops.combine(y, v.tensor("x"), v.tensor("weights"));
  v.expect("y", y);
}

// The state before is in slot 0, that after the last row goes to slot 1.
template <class F>
void walk(const OpVector& v, F op) {
  const Tensor y = v.result("y"), before = v.tensor("state"), after = v.result("after");
  const Span span{0, y.rows, 0};
  Rows rows;
  rows.reads = v.backend.alloc(Type::i32, 1, 1);
  rows.writes = v.backend.alloc(Type::i32, y.rows, 1);
  rows.spans = std::span(&span, 1);
  for (int64_t r = 0; r < y.rows; r++) *rows.writes.row<int32_t>(r) = r + 1 < y.rows ? -1 : 1;
  *rows.reads.row<int32_t>(0) = before ? 0 : -1;
  const Tensor slots = v.backend.alloc(Type::f32, 2, after.cols);
  if (before) std::copy_n(before.row<float>(0), before.cols, slots.row<float>(0));
  op(y, State{slots}, rows);
  v.expect("y", y);
  v.expect("after", slots.slice(1, 1));
}

void conv(const OpVector& v, Ops& ops) {
  walk(v, [&](Tensor y, State state, const Rows& rows) { ops.conv(y, v.tensor("x"), state, {v.tensor("w"), v.tensor("b")}, rows); });
}

void scan(const OpVector& v, Ops& ops) {
  walk(v, [&](Tensor y, State state, const Rows& rows) {
    const Scan scan{v.tensor("a"), v.tensor("d"), v.whole("heads", 1), v.whole("groups", 1)};
    ops.scan(y, v.tensor("x"), v.tensor("dt"), v.tensor("b"), v.tensor("c"), state, scan, rows);
  });
}

void delta(const OpVector& v, Ops& ops) {
  walk(v, [&](Tensor y, State state, const Rows& rows) {
    const Delta delta{v.whole("key_heads", 1), v.whole("value_heads", 1), v.is("tiled")};
    ops.delta(y, v.tensor("q"), v.tensor("k"), v.tensor("v"), v.tensor("decay"), v.tensor("beta"), state, delta, rows);
  });
}

void wkv(const OpVector& v, Ops& ops) {
  walk(v, [&](Tensor y, State state, const Rows& rows) {
    const Wkv wkv{v.whole("heads", 1), v.is("nested"), v.tensor("bonus"), v.tensor("removes"), v.tensor("replaces")};
    ops.wkv(y, v.tensor("r"), v.tensor("k"), v.tensor("v"), v.tensor("decay"), state, wkv, rows);
  });
}

using Compute = void (*)(const OpVector&, Ops&);
const std::map<std::string, Compute> computes = {{"norm", norm},     {"map", map},     {"rope", rope},       {"attend", attend},
                                                 {"matmul", matmul}, {"route", route}, {"combine", combine}, {"conv", conv},
                                                 {"scan", scan},     {"delta", delta}, {"wkv", wkv}};

CHECK_CASE("ref/each op gives numpy's numbers") {
  const std::unique_ptr<Backend> backend = open_backend("ref", {});
  const Json json = Json::parse(read_file(LT_SOURCE_DIR "/test/fixtures/ops.json"));
  CHECK(json.members().size() == computes.size());
  for (const auto& [op, all] : json.members()) {
    int count = 0;
    for (const Json& one : all.items()) {
      try {
        computes.at(op)({one, *backend}, backend->ops());
        count++;
      } catch (const std::exception& e) {
        CHECK_THAT(false, op << " " << count << ": " << e.what());
      }
    }
    CHECK_THAT(count > 0, op);
  }
}

}  // namespace
}  // namespace lt::check
