#include "model/token_shift.h"

namespace lt::model {
namespace {

constexpr float results_eps = 64e-5f;  // of the norms of heads' results: fixed in the reference code, and no key says it

}  // namespace

TokenShift::TokenShift(Loader& loader, int64_t width) {
  conv_.w = loader.made(width, 2, [](std::span<float> to) {
    for (size_t i = 0; i < to.size(); i++) to[i] = i % 2 == 0 ? 1.0f : -1.0f;
  });
}

void TokenShift::run(Ops& ops, Tensor y, Tensor x, const State& state, const Rows& rows) const {
  ops.conv(y, x, {state.slots.columns(0, this->state())}, conv_, rows);
}

void lerp(Ops& ops, Tensor y, Tensor x, Tensor shift, Tensor by) {
  ops.map(y, shift, by, {});
  ops.add(y, y, x);
}

WkvHeads::WkvHeads(Loader& loader, int64_t columns_of_all) : size(loader.integer("wkv.head_size", 1, most_dim)), width(columns_of_all) {
  if (width % size) loader.refuse("wkv.head_size", "a divisor of " + std::to_string(width), std::to_string(size));
  count = width / size;
  Division& d = loader.division();
  cut = model::cut(count, 1, d.size);
  own = d.mine(cut, count);
  columns = {own.first * size, own.count * size};
  d.note(cut ? "time mix's heads " + cut.text() : "time mix on every rank");
}

Tensor WkvHeads::vector(Loader& loader, const std::string& name) const { return loader.vector(name, width, columns); }

Tensor WkvHeads::by_head(Loader& loader, const std::string& name) const { return vector(loader, name).split(own.count); }

Linear WkvHeads::rows(Loader& loader, const std::string& name) const { return read_linear(loader, name, width, width, columns); }

Norm WkvHeads::norm(Loader& loader, const std::string& name) const {
  return {.w = by_head(loader, name + ".weight"),
          .b = by_head(loader, name + ".bias"),
          .eps = results_eps,
          .heads = own.count,
          .centred = true};
}

}  // namespace lt::model
