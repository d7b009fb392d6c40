#include "core/model.h"

#include <algorithm>

namespace lt {
namespace {

// The layer whose keys and values layer i reads; -1: it reads none.
int64_t owner(const Shape& s, int64_t i) {
  const LayerShape& l = s.layer(i);
  return l.kv ? i : l.kv_of;
}

// Descending; all, which is 0, is the farthest.
bool farther(int64_t a, int64_t b) { return a == 0 ? b != 0 : b != 0 && a > b; }

}  // namespace

Groups groups_of(const Shape& s) {
  Groups g;
  for (const LayerShape& l : s.layers)
    if (l.kv && std::find(g.reach.begin(), g.reach.end(), l.kv->reach) == g.reach.end()) g.reach.push_back(l.kv->reach);
  std::sort(g.reach.begin(), g.reach.end(), farther);
  if (g.reach.size() > most_groups) g.reach.resize(most_groups);  // the others join the nearest of them, which reach farther
  if (g.reach.empty()) g.reach.push_back(0);
  for (int64_t i = 0; i < s.count(); i++) {
    const int64_t from = owner(s, i);
    size_t group = 0;
    if (from >= 0)
      for (size_t j = 0; j < g.reach.size(); j++)
        if (!farther(s.layer(from).kv->reach, g.reach[j])) group = j;
    g.of_layer.push_back(group);
  }
  return g;
}

}  // namespace lt
