#include "engine/stage.h"

#include <algorithm>
#include <cstring>

#include "engine/pages.h"
#include "quant/type.h"

namespace lt::engine {
namespace {

// The first `count` rows of `to` from host values of the same shape.
Tensor fill(Backend& backend, Tensor to, const std::vector<int32_t>& from, int64_t count) {
  const Tensor rows = to.slice(0, count);
  if (count > 0) backend.write(rows, from.data());
  return rows;
}

}  // namespace

uint64_t Stage::kv_bytes(const Shape& s, const BatchSize& size, int64_t layers) {
  const int64_t position = s.kv_heads * (quant::row_bytes(size.cache, s.key_dim) + quant::row_bytes(size.cache, s.value_dim));
  return static_cast<uint64_t>(layers * size.pages * page * position);
}

uint64_t Stage::row_bytes(const Shape& s, const BatchSize& size) {
  const int64_t partials = size.splits() * s.heads * (s.value_dim + 2);
  return static_cast<uint64_t>(4 * (size.described() + size.rows * s.width + size.outputs * s.vocabulary + partials));
}

Stage::Stage(Backend& backend, const Model& model, const model::Section& part, const BatchSize& size)
    : backend_(backend), model_(model), section_(part), records_(backend.records()) {
  const Shape& s = model.shape();
  const int64_t slots = size.pages * s.kv_heads * page;
  for (int64_t i = part.first; i < part.last; i++)
    layers_.push_back({backend.alloc(size.cache, slots, s.key_dim), backend.alloc(size.cache, slots, s.value_dim), s.kv_heads});
  x_ = backend.alloc(Type::f32, size.rows, s.width);
  if (part.head) logits_ = backend.alloc(Type::f32, size.outputs, s.vocabulary);
  if (part.head && !backend.on_host()) host_logits_.resize(static_cast<size_t>(size.outputs * s.vocabulary));
  if (!backend.on_host())
    for (const Kv& kv : layers_)
      host_page_.resize(std::max(host_page_.size(), static_cast<size_t>(page * kv.heads * std::max(kv.k.stride, kv.v.stride))));
  ids_ = backend.alloc(Type::i32, size.rows, 1);
  positions_ = backend.alloc(Type::i32, size.rows, 1);
  sequences_ = backend.alloc(Type::i32, size.rows, 1);
  pages_ = backend.alloc(Type::i32, size.sequences, size.pages);
  outputs_ = backend.alloc(Type::i32, size.outputs, 1);
  entries_ = backend.alloc(Type::i32, size.splits(), 2);
  firsts_ = backend.alloc(Type::i32, std::min(size.rows, HostSplits::most_rows), 1);
  Needs needs;
  needs.partials = layers_.empty() ? 0 : size.splits() * s.heads;
  needs.partial_dim = s.value_dim;
  backend.reserve(needs);
  backend.prepare([this](Ops& ops) { pass(ops, largest(), nullptr); });
}

Rows Stage::largest() const { return {ids_, positions_, sequences_, pages_, outputs_, {}, {entries_, firsts_}}; }

void Stage::describe(const HostRows& rows) {
  const auto n = std::ssize(rows.ids);
  spans_ = rows.spans;
  splits_.list(rows.positions, entries_.rows);
  rows_ = {fill(backend_, ids_, rows.ids, n),
           fill(backend_, positions_, rows.positions, n),
           fill(backend_, sequences_, rows.sequences, n),
           fill(backend_, pages_, rows.pages, std::ssize(rows.spans)),
           fill(backend_, outputs_, rows.outputs, std::ssize(rows.outputs)),
           spans_,
           {}};
  if (splits_.count() > 0)
    rows_.splits = {fill(backend_, entries_, splits_.entries, splits_.count()), fill(backend_, firsts_, splits_.firsts, n)};
  decodes_ = rows.decodes();
  logits_read_ = false;
}

void Stage::copy_page(int32_t from, int32_t to) {
  for (const Kv& kv : layers_)
    for (const Tensor& t : {kv.k, kv.v}) {
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

void Stage::enter(std::span<const float> x) { backend_.write(x_.slice(0, rows_.ids.rows), x.data()); }
void Stage::leave(std::span<float> x) { backend_.read(x.data(), x_.slice(0, rows_.ids.rows)); }

std::span<const float> Stage::logits(int64_t output) {
  const auto width = static_cast<size_t>(logits_.cols);
  if (backend_.on_host()) return {logits_.row<const float>(output), width};
  if (!logits_read_) backend_.read(host_logits_.data(), logits_.slice(0, rows_.outputs.rows));
  logits_read_ = true;
  return std::span(host_logits_).subspan(static_cast<size_t>(output) * width, width);
}

void Stage::layer(Ops& ops, int64_t i, Tensor x, const Rows& rows) const {
  model_.layer(ops, i, x, layers_[static_cast<size_t>(i - section_.first)], rows);
}

bool Stage::run(const std::function<bool()>& interrupted) {
  if (!decodes_ || !records_) return pass(backend_.ops(), rows_, interrupted);
  if (interrupted()) return false;
  if (Plan* recorded = plan()) {
    recorded->run();
    return true;
  }
  return pass(backend_.ops(), rows_, interrupted);
}

bool Stage::pass(Ops& ops, const Rows& rows, const std::function<bool()>& interrupted) const {
  const Tensor x = x_.slice(0, rows.ids.rows);
  if (section_.embed) model_.embed(ops, x, rows);
  for (int64_t i = section_.first; i < section_.last; i++) {
    if (interrupted && interrupted()) return false;
    layer(ops, i, x, rows);
  }
  if (section_.head && rows.outputs.rows > 0) model_.head(ops, logits_.slice(0, rows.outputs.rows), x, rows);
  return true;
}

// Recorded at the first step of its bucket: all later ones differ in the contents of the tensors alone. Null where the backend cannot,
// for want of memory: then nothing more is recorded, and a step calls its ops. What is wrong with the pass itself it says again there;
// a device that is lost is lost.
Plan* Stage::plan() {
  const Bucket bucket{rows_.ids.rows, rows_.splits.entries.rows};
  if (const auto found = plans_.find(bucket); found != plans_.end()) {
    found->second.used = ++steps_;
    return found->second.plan.get();
  }
  if (plans_.size() >= most_plans)
    plans_.erase(
        std::min_element(plans_.begin(), plans_.end(), [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  Recorded r{spans_, nullptr, ++steps_};
  try {
    Rows rows = rows_;
    rows.spans = r.spans;
    r.plan = backend_.record([this, rows](Ops& ops) { pass(ops, rows, nullptr); });
  } catch (const Error& e) {
    if (e.code() == Code::device) throw;
    records_ = false;
    plans_.clear();
    return nullptr;
  }
  return plans_.emplace(bucket, std::move(r)).first->second.plan.get();
}

}  // namespace lt::engine
