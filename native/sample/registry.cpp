#include <algorithm>

#include "sample/register.h"

namespace lt::sample {
namespace {

struct Registry {
  std::vector<SamplerEntry> by_name;
  std::vector<std::string_view> order;
  std::vector<int> places;  // of order
};

Registry& registry() {
  static Registry all;
  return all;
}

}  // namespace

RegisterSampler::RegisterSampler(const SamplerEntry& entry, int place) {
  Registry& r = registry();
  const auto named = [](const SamplerEntry& e, std::string_view name) { return e.name < name; };
  r.by_name.insert(std::lower_bound(r.by_name.begin(), r.by_name.end(), entry.name, named), entry);
  const auto at = std::upper_bound(r.places.begin(), r.places.end(), place) - r.places.begin();
  r.places.insert(r.places.begin() + at, place);
  r.order.insert(r.order.begin() + at, entry.name);
}

std::span<const SamplerEntry> samplers() { return registry().by_name; }

std::span<const std::string_view> default_order() { return registry().order; }

}  // namespace lt::sample
