#include "model/alt_up.h"

#include <algorithm>
#include <cmath>

namespace lt::model {

Streams read_streams(const Loader& loader, const Hyper& hyper) {
  const int64_t count = loader.integer("altup.num_inputs", 2, 64);
  return {count, loader.integer("altup.active_idx", 0, count - 1), hyper.width};
}

AltUp::AltUp(Loader& loader, int64_t layer, const Hyper& hyper, const Streams& streams) : streams_(streams) {
  const std::string b = block(layer);
  const int64_t n = streams.count;
  norm_ = read_norm(loader, b + "altup_router_norm", hyper.width, hyper);
  router_ = read_linear(loader, b + "altup_router", n, hyper.width);
  predict_ = read_linear(loader, b + "altup_predict_coef", n * n, n);
  correct_ = read_linear(loader, b + "altup_correct_coef", n, n);
  correct_.b = loader.made(1, n, [](std::span<float> to) { std::fill(to.begin(), to.end(), 1.0f); });  // of what is added whole
}

// What the streams are to each other: tanh(router(norm(x) / width)).
void AltUp::modalities(Ops& ops, Tensor y, Tensor x, const Rows& rows) const {
  Scope scope(ops);
  const Tensor normed = scope.like(x);
  ops.norm(normed, x, norm_);
  ops.map(normed, normed, {}, {.outer = 1 / static_cast<float>(streams_.width)});
  linear(ops, rows, y, normed, router_);
  ops.map(y, y, {}, {.act = Act::tanh});
}

void AltUp::predict(Ops& ops, Tensor x, const Rows& rows) const {
  Scope scope(ops);
  const int64_t n = streams_.count;
  const Tensor m = scope.f32(x.rows, n), coefs = scope.f32(x.rows, n * n), before = scope.f32(x.rows, streams_.columns()),
               change = scope.f32(x.rows, streams_.width);
  modalities(ops, m, streams_.at(x, streams_.active), rows);
  linear(ops, rows, coefs, m, predict_);
  ops.map(before, streams_.all(x), {}, {});
  for (int64_t i = 0; i < n; i++) {
    const Tensor stream = streams_.at(x, i);
    ops.combine(change, before.split(n), coefs.columns(i * n, n));
    ops.add(stream, stream, change);
  }
}

void AltUp::correct(Ops& ops, Tensor x, Tensor y, const Rows& rows) const {
  Scope scope(ops);
  const Tensor m = scope.f32(x.rows, streams_.count), coefs = scope.like(m), innovation = scope.like(y), change = scope.like(y);
  modalities(ops, m, y, rows);
  linear(ops, rows, coefs, m, correct_);
  ops.map(innovation, streams_.at(x, streams_.active), y, {.adds = true, .outer = -1});
  for (int64_t i = 0; i < streams_.count; i++) {
    const Tensor stream = streams_.at(x, i);
    ops.map(change, innovation, coefs.columns(i, 1), {});
    ops.add(stream, stream, change);
  }
}

StreamEnds::StreamEnds(Loader& loader, const std::string& name, const Hyper& hyper, const Streams& streams)
    : streams_(streams), size_(loader, hyper.width), share_(loader, hyper.width, 1 / std::sqrt(1e-5)) {  // the least mean square
  matrices_.w = loader.rows(name + ".weight", (streams.count - 1) * hyper.width, hyper.width, Range{0, (streams.count - 1) * hyper.width});
}

void StreamEnds::project(Ops& ops, Tensor y, int64_t i, Tensor x, Tensor like, const Rows& rows) const {
  Scope scope(ops);
  const Tensor other = scope.like(x), normed = scope.like(x), size = scope.f32(x.rows, 1);
  linear(ops, rows, other, x, {.w = matrices_.w.slice(i * streams_.width, streams_.width)});
  share_.root_square(ops, rows, size, normed, other);
  ops.map(size, size, {}, {.act = Act::clamp, .limit = 1});
  ops.map(y, normed, size, {});
  size_.root_square(ops, rows, size, normed, like);
  ops.map(y, y, size, {});
}

void StreamEnds::spread(Ops& ops, Tensor x, const Rows& rows) const {
  const Tensor first = streams_.at(x, 0);
  for (int64_t i = 1; i < streams_.count; i++) project(ops, streams_.at(x, i), i - 1, first, first, rows);
}

void StreamEnds::merge(Ops& ops, Tensor h, Tensor x, const Rows& rows) const {
  Scope scope(ops);
  const Tensor other = scope.like(h), first = streams_.at(x, 0);
  ops.map(h, first, {}, {});
  for (int64_t i = 1; i < streams_.count; i++) {
    project(ops, other, i - 1, streams_.at(x, i), first, rows);
    ops.add(h, h, other);
  }
  ops.map(h, h, {}, {.outer = 1 / static_cast<float>(streams_.count)});
}

}  // namespace lt::model
