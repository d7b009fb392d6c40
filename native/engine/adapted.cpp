#include "engine/adapted.h"

#include <algorithm>
#include <bit>

namespace lt::engine {

void describe_adapted(HostAdapted& to, std::span<const AdaptedRow> rows, int64_t adapters, int64_t vocabulary, bool of_outputs) {
  size_t slots = 0;
  for (const AdaptedRow& r : rows) {
    to.at.push_back(r.row);
    slots = std::max(slots, r.shares.size());
  }
  for (size_t slot = 0; slot < slots; slot++)
    for (const AdaptedRow& r : rows) {
      const bool has = slot < r.shares.size();
      const AdapterShare share = has ? r.shares[slot] : AdapterShare{static_cast<int32_t>(adapters), 0};
      to.ids.push_back(share.id);
      to.weights.push_back(std::bit_cast<int32_t>(share.scale));
      if (!of_outputs) to.tokens.push_back(has ? static_cast<int32_t>(share.id * vocabulary) + r.token : 0);
    }
  if (of_outputs) return;
  to.shares.resize(static_cast<size_t>(adapters) * rows.size());
  for (size_t i = 0; i < rows.size(); i++)
    for (const AdapterShare& share : rows[i].shares)
      to.shares[static_cast<size_t>(share.id) * rows.size() + i] = std::bit_cast<int32_t>(share.scale);
}

}  // namespace lt::engine
