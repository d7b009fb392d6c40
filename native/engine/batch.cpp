#include "engine/batch.h"

#include <algorithm>

#include "quant/type.h"

namespace lt::engine {
namespace {

constexpr int64_t page = Kv::page_size;

// The first `count` rows of `to` from host values of the same shape.
Tensor fill(Backend& backend, Tensor to, const std::vector<int32_t>& from, int64_t count) {
  const Tensor rows = to.slice(0, count);
  if (count > 0) backend.write(rows, from.data());
  return rows;
}

}  // namespace

uint64_t Batch::kv_bytes(const Shape& s, const BatchSize& size) {
  const int64_t position = s.kv_heads * (quant::row_bytes(size.cache, s.key_dim) + quant::row_bytes(size.cache, s.value_dim));
  return static_cast<uint64_t>(s.layers * size.pages * page * position);
}

uint64_t Batch::row_bytes(const Shape& s, const BatchSize& size) {
  const int64_t described = 3 * size.rows + size.sequences * size.pages + size.outputs;
  return static_cast<uint64_t>(4 * (2 * described + size.rows * s.width + (size.outputs + 1) * s.vocabulary));
}

Batch::Batch(Backend& backend, const Model& model, const BatchSize& size) : backend_(backend), model_(model), size_(size) {
  const Shape& s = model.shape();
  const int64_t slots = size.pages * s.kv_heads * page;
  for (int64_t i = 0; i < s.layers; i++)
    layers_.push_back({backend.alloc(size.cache, slots, s.key_dim), backend.alloc(size.cache, slots, s.value_dim), s.kv_heads});
  x_ = backend.alloc(Type::f32, size.rows, s.width);
  logits_ = backend.alloc(Type::f32, size.outputs, s.vocabulary);
  ids_ = backend.alloc(Type::i32, size.rows, 1);
  positions_ = backend.alloc(Type::i32, size.rows, 1);
  sequences_ = backend.alloc(Type::i32, size.rows, 1);
  pages_ = backend.alloc(Type::i32, size.sequences, size.pages);
  outputs_ = backend.alloc(Type::i32, size.outputs, 1);
  host_logits_.resize(static_cast<size_t>(s.vocabulary));
}

void Batch::describe(std::span<const Work> work) {
  for (auto* v : {&host_ids_, &host_positions_, &host_sequences_, &host_outputs_}) v->clear();
  spans_.clear();
  host_pages_.assign(work.size() * static_cast<size_t>(size_.pages), 0);
  for (size_t i = 0; i < work.size(); i++) {
    const auto& [s, count, outputs] = work[i];
    const auto first = static_cast<int64_t>(host_ids_.size());
    spans_.push_back({first, count, static_cast<int64_t>(i)});
    for (int64_t r = 0; r < count; r++) {
      host_ids_.push_back(s->tokens[static_cast<size_t>(s->computed + r)]);
      host_positions_.push_back(static_cast<int32_t>(s->computed + r));
      host_sequences_.push_back(static_cast<int32_t>(i));
      if (r >= count - outputs) host_outputs_.push_back(static_cast<int32_t>(first + r));
    }
    std::copy(s->pages.begin(), s->pages.end(), host_pages_.begin() + static_cast<int64_t>(i) * size_.pages);
  }
}

Rows Batch::write() {
  const auto rows = static_cast<int64_t>(host_ids_.size());
  if (rows > size_.rows || std::ssize(spans_) > size_.sequences || std::ssize(host_outputs_) > size_.outputs)
    throw Error(Code::internal, "a step was planned larger than its memory");
  return {fill(backend_, ids_, host_ids_, rows),
          fill(backend_, positions_, host_positions_, rows),
          fill(backend_, sequences_, host_sequences_, rows),
          fill(backend_, pages_, host_pages_, std::ssize(spans_)),
          fill(backend_, outputs_, host_outputs_, std::ssize(host_outputs_)),
          spans_};
}

bool Batch::run(std::span<const Work> work, const std::function<bool()>& interrupted) {
  describe(work);
  const Rows rows = write();
  const Tensor x = x_.slice(0, rows.ids.rows);
  Ops& ops = backend_.ops();
  model_.embed(ops, x, rows);
  for (size_t i = 0; i < layers_.size(); i++) {
    if (interrupted()) return false;
    model_.layer(ops, static_cast<int64_t>(i), x, layers_[i], rows);
  }
  if (rows.outputs.rows > 0) model_.head(ops, logits_.slice(0, rows.outputs.rows), x, rows);
  return true;
}

std::span<const float> Batch::logits(int64_t output) {
  backend_.read(host_logits_.data(), logits_.slice(output, 1));
  return host_logits_;
}

}  // namespace lt::engine
