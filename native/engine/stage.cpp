#include "engine/stage.h"

#include <algorithm>
#include <cstring>

#include "quant/type.h"

namespace lt::engine {
namespace {

// Numbers between the beginnings of two lists: 256 bytes, a multiple of every backend's wish.
constexpr int64_t list_grain = 64;
constexpr int64_t lists = 25 + static_cast<int64_t>(most_groups);

int64_t whole(int64_t n) { return (n + list_grain - 1) / list_grain * list_grain; }

// Numbers that were sent by their bits.
Tensor of_bits(Tensor numbers) {
  numbers.type = Type::f32;
  return numbers;
}

// Without the last row.
AdaptedRows but_one(AdaptedRows a) {
  const int64_t slots = a.slots(), n = a.count() - 1;
  if (n == 0) return {};
  a.at = a.at.slice(0, n);
  for (Tensor* t : {&a.ids, &a.weights, &a.shares, &a.tokens}) *t = t->slice(0, slots * n);
  return a;
}

uint64_t floats(int64_t n) { return static_cast<uint64_t>(4 * n); }

}  // namespace

int64_t BatchSize::pages() const { return cache.reach.empty() ? 1 : *std::max_element(cache.pages.begin(), cache.pages.end()); }

int64_t BatchSize::described(const Shape& s) const {
  const auto groups = static_cast<int64_t>(cache.reach.size());
  const int64_t by_row = (6 + s.axes + (takes_embeddings ? 1 + s.width : 0)) * rows,
                by_sequence = 2 * sequences + 1 + groups * sequences * pages();
  const int64_t across = s.encoder > 0 ? rows + sequences * pages() : 0;
  const int64_t adapted = adapters > 0 ? rows * (1 + 4 * adapters) + outputs * (1 + 2 * adapters) : 0;
  return by_row + by_sequence + across + adapted + outputs + 2 * splits() + std::min(rows, HostSplits::most_rows) + lists * list_grain;
}

uint64_t Stage::kv_bytes(const Shape& s, const BatchSize& size, int64_t layer) {
  const auto& kv = s.layer(layer).kv;
  if (!kv) return 0;
  const int64_t value = kv->latent ? 0 : quant::row_bytes(size.type, kv->value_dim);
  const int64_t place = kv->heads * (quant::row_bytes(size.type, kv->key_dim) + value);
  return static_cast<uint64_t>(size.cache.pages[groups_of(s).of_layer[static_cast<size_t>(layer)]] * page * place);
}

uint64_t Stage::state_bytes(const Shape& s, const BatchSize& size, int64_t layer) {
  return floats(size.cache.states * s.layer(layer).state);
}

uint64_t Stage::row_bytes(const Shape& s, const BatchSize& size) {
  int64_t value_dim = 0;
  for (const LayerShape& l : s.layers)
    if (l.kv) value_dim = std::max(value_dim, l.kv->value_dim);
  const int64_t results = size.outputs * ((s.head ? s.vocabulary : 0) + s.width);
  return floats(size.described(s) + size.rows * s.carried + results + size.splits() * s.heads * (value_dim + 2));
}

Stage::Stage(Backend& backend, const Model& model, std::vector<Segment> segments, const BatchSize& size)
    : backend_(backend), model_(model), segments_(std::move(segments)), splits_bound_(size.splits()), records_(backend.records()) {
  const Shape& s = model.shape();
  allocate_memory(size);
  x_ = backend.alloc(Type::f32, size.rows, s.carried);
  const bool head = std::any_of(segments_.begin(), segments_.end(), [](const Segment& g) { return g.head; });
  if (head) hidden_ = backend.alloc(Type::f32, size.outputs, s.width);
  if (head && s.head) logits_ = backend.alloc(Type::f32, size.outputs, s.vocabulary);
  if (!backend.on_host()) {
    host_hidden_.resize(static_cast<size_t>(hidden_.rows * hidden_.cols));
    host_logits_.resize(static_cast<size_t>(logits_.rows * logits_.cols));
    for (const Kv& kv : kv_)
      host_page_.resize(std::max(host_page_.size(), static_cast<size_t>(page * kv.heads * std::max(kv.k.stride, kv.v.stride))));
  }
  described_ = backend.alloc(Type::i32, 1, size.described(s));
  lists_.reserve(static_cast<size_t>(described_.cols));
  Needs needs;
  for (const Kv& kv : kv_)
    if (kv.k) needs.partials = size.splits() * s.heads, needs.partial_dim = std::max(needs.partial_dim, kv.v.cols);
  backend.reserve(needs);
  backend.prepare([&](Ops& ops) {
    Rows rows = largest(size);
    const auto all = [&] {
      for (const Segment& g : segments_) pass(ops, g, rows, s.head, nullptr);
    };
    all();
    if (rows.adapted) {  // steps in which others are without, and such without any
      rows.adapted = but_one(rows.adapted), rows.adapted_outputs = but_one(rows.adapted_outputs);
      all();
      rows.adapted = rows.adapted_outputs = {};
      all();
    }
    if (s.encoder == 0) return;
    rows.across = rows.across_pages = rows.outputs = {};  // a step that encodes
    for (const Segment& g : segments_) pass(ops, g, rows, false, nullptr);
  });
}

void Stage::allocate_memory(const BatchSize& size) {
  const Shape& s = model_.shape();
  const Groups groups = groups_of(s);
  std::vector<bool> holds(static_cast<size_t>(s.count()));  // layers of which more than what may lie apart is computed here
  for (const Segment& g : segments_)
    for (int64_t i = g.first.layer; i < g.end(); i++) {
      const auto [first, last] = g.parts(i, model_);
      for (int64_t p = first; p < last; p++)
        if (!model_.apart(i, p)) holds[static_cast<size_t>(i)] = true;
    }
  for (int64_t i = 0; i < s.count(); i++) {
    const LayerShape& l = s.layer(i);
    const bool here = holds[static_cast<size_t>(i)];
    const size_t group = groups.of_layer[static_cast<size_t>(i)];
    kv_.emplace_back();
    kv_.back().group = group;
    owns_.push_back(here && l.kv);
    if (owns_.back()) {
      const int64_t slots = size.cache.pages[group] * l.kv->heads * page;
      Kv& kv = kv_.back();
      kv.heads = l.kv->heads;
      kv.k = backend_.alloc(size.type, slots, l.kv->key_dim);
      kv.v = l.kv->latent ? kv.k.columns(0, l.kv->value_dim) : backend_.alloc(size.type, slots, l.kv->value_dim);
    } else if (here && l.kv_of >= 0) {
      kv_.back() = kv_[static_cast<size_t>(l.kv_of)];
    }
    states_.push_back(here && l.state ? backend_.alloc(Type::f32, size.cache.states, l.state) : Tensor{});
  }
}

// The largest step, for shapes alone.
Rows Stage::largest(const BatchSize& size) const {
  const auto list = [&](int64_t rows, int64_t cols) { return Tensor{described_.data, Type::i32, rows, cols, cols * 4}; };
  Rows rows{};
  HostRows none;
  HostRows::each(none, [&](auto&, auto tensor) { rows.*tensor = list(size.rows, 1); });
  rows.turns = list(size.rows, model_.shape().axes);
  rows.starts = list(size.sequences + 1, 1);
  rows.reads = list(size.sequences, 1);
  rows.outputs = list(size.outputs, 1);
  for (size_t g = 0; g < size.cache.reach.size(); g++) rows.pages[g] = list(size.sequences, size.pages());
  rows.across_pages = list(size.sequences, size.pages());
  if (size.takes_embeddings) rows.given = of_bits(list(size.rows, model_.shape().width));
  const auto adapted = [&](int64_t n) -> AdaptedRows {
    const Tensor all = list(size.adapters * n, 1);
    return {list(n, 1), all, of_bits(all), of_bits(all), all, n};
  };
  if (size.adapters > 0) rows.adapted = adapted(size.rows), rows.adapted_outputs = adapted(size.outputs);
  rows.splits = {list(size.splits(), 2), list(std::min(size.rows, HostSplits::most_rows), 1)};
  return rows;
}

// A list's place in the device's memory; its values are sent with all others'.
Tensor Stage::list(const std::vector<int32_t>& values, int64_t rows) {
  if (values.empty()) return {};
  const auto at = whole(std::ssize(lists_)), cols = std::ssize(values) / rows;
  if (at + std::ssize(values) > described_.cols) throw Error(Code::internal, "a step was planned larger than its memory");
  lists_.resize(static_cast<size_t>(at));
  lists_.insert(lists_.end(), values.begin(), values.end());
  return {described_.row<int32_t>(0) + at, Type::i32, rows, cols, cols * 4};
}

AdaptedRows Stage::adapted(const HostAdapted& of, int64_t among) {
  if (of.at.empty()) return {};
  const auto column = [&](const std::vector<int32_t>& values) { return list(values, std::ssize(values)); };
  return {column(of.at), column(of.ids), of_bits(column(of.weights)), of_bits(column(of.shares)), column(of.tokens), among};
}

void Stage::describe(const HostRows& rows) {
  const int64_t n = rows.count(), sequences = rows.sequence_count();
  spans_.clear();
  for (int64_t i = 0; i < sequences; i++) {
    const int32_t first = rows.starts[static_cast<size_t>(i)];
    spans_.push_back({first, rows.starts[static_cast<size_t>(i) + 1] - first, i});
  }
  splits_.list(rows.sees, splits_bound_);
  lists_.clear();
  rows_ = {};
  HostRows::each(rows, [&](const std::vector<int32_t>& values, auto tensor) {
    rows_.*tensor = list(values, tensor == &Rows::turns ? n : std::ssize(values));
  });
  for (size_t g = 0; g < most_groups; g++) rows_.pages[g] = list(rows.pages[g], sequences);
  rows_.across_pages = list(rows.across_pages, sequences);
  if (segments_.front().embed) rows_.given = of_bits(list(rows.given, std::ssize(rows.given_at)));
  rows_.adapted = adapted(rows.adapted, n);
  rows_.adapted_outputs = adapted(rows.adapted_outputs, std::ssize(rows.outputs));
  if (splits_.count() > 0) rows_.splits = {list(splits_.entries, splits_.count()), list(splits_.firsts, n)};
  backend_.write({described_.data, Type::i32, 1, std::ssize(lists_), std::ssize(lists_) * 4}, lists_.data());
  rows_.spans = spans_;
  decodes_ = rows.decodes();
  wants_logits_ = rows.wants_logits();
  logits_read_ = hidden_read_ = false;
}

void Stage::copy_page(size_t group, int32_t from, int32_t to) {
  for (size_t i = 0; i < kv_.size(); i++) {
    const Kv& kv = kv_[i];
    if (!owns_[i] || kv.group != group) continue;
    for (const Tensor& t : {kv.k, kv.latent() ? Tensor{} : kv.v}) {
      if (!t) continue;
      const int64_t rows = kv.heads * page;
      const Tensor source = t.slice(from * rows, rows), target = t.slice(to * rows, rows);
      if (backend_.on_host()) {
        std::memcpy(target.data, source.data, static_cast<size_t>(rows * t.stride));
      } else {
        backend_.read(host_page_.data(), source);
        backend_.write(target, host_page_.data());
      }
    }
  }
}

void Stage::enter(std::span<const float> x) { backend_.write(x_.slice(0, rows_.ids.rows), x.data()); }
void Stage::leave(std::span<float> x) { backend_.read(x.data(), x_.slice(0, rows_.ids.rows)); }

std::span<const float> Stage::result(const Tensor& of, std::vector<float>& host, bool& read, int64_t output) {
  const auto width = static_cast<size_t>(of.cols);
  if (backend_.on_host()) return {of.row<const float>(output), width};
  if (!read) backend_.read(host.data(), of.slice(0, rows_.outputs.rows));
  read = true;
  return std::span(host).subspan(static_cast<size_t>(output) * width, width);
}

bool Stage::run(size_t segment, const std::function<bool()>& interrupted) {
  const Segment& g = segments_[segment];
  if (!decodes_ || !records_) return pass(backend_.ops(), g, rows_, wants_logits_, interrupted);
  if (interrupted()) return false;
  if (Plan* recorded = plan(segment)) {
    recorded->run();
    return true;
  }
  return pass(backend_.ops(), g, rows_, true, interrupted);
}

bool Stage::pass(Ops& ops, const Segment& g, const Rows& rows, bool logits, const std::function<bool()>& interrupted) const {
  const Tensor x = x_.slice(0, rows.ids.rows);
  if (g.embed) model_.embed(ops, x, rows);
  for (int64_t i = g.first.layer; i < g.end(); i++) {
    if (interrupted && interrupted()) return false;
    const auto [first, last] = g.parts(i, model_);
    if (last - first == model_.parts(i))
      model_.layer(ops, i, x, {kv_, states_}, rows);
    else
      for (int64_t p = first; p < last; p++) model_.part(ops, i, p, x, {kv_, states_}, rows);
  }
  if (!g.head || rows.outputs.rows == 0) return true;
  const Tensor h = hidden_.slice(0, rows.outputs.rows);
  model_.hidden(ops, h, x, rows);
  if (logits) model_.head(ops, logits_.slice(0, rows.outputs.rows), h, rows);
  return true;
}

// Recorded at the first step of its bucket: all later ones differ in the contents of the tensors alone. Null where the backend cannot,
// for want of memory: then nothing more is recorded, and a step calls its ops. What is wrong with the pass itself it says again there;
// a device that is lost is lost.
Plan* Stage::plan(size_t segment) {
  const Bucket bucket{rows_.ids.rows, rows_.splits.entries.rows, rows_.pages[0].cols, rows_.adapted.count(),
                      rows_.adapted ? rows_.adapted.slots() : 0};
  auto found = plans_.find(bucket);
  if (found == plans_.end()) {
    if (plans_.size() >= most_recorded)
      plans_.erase(
          std::min_element(plans_.begin(), plans_.end(), [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
    found = plans_.emplace(bucket, Recorded{spans_, std::vector<std::unique_ptr<Plan>>(segments_.size())}).first;
  }
  Recorded& r = found->second;
  r.used = ++steps_;
  if (r.plans[segment]) return r.plans[segment].get();
  try {
    Rows rows = rows_;
    rows.spans = r.spans;
    r.plans[segment] = backend_.record([this, segment, rows](Ops& ops) { pass(ops, segments_[segment], rows, true, nullptr); });
  } catch (const Error& e) {
    if (e.code() == Code::device) throw;
    records_ = false;
    plans_.clear();
    return nullptr;
  }
  return r.plans[segment].get();
}

}  // namespace lt::engine
