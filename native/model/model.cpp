#include "model/model.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "core/text.h"

namespace lt::model {
namespace {

using Make = std::unique_ptr<Model> (*)(Loader&);

std::map<std::string, Make>& registry() {
  static std::map<std::string, Make> all;
  return all;
}

// Characters that are to be changed, added or left out to make one of the other (Levenshtein 1966).
size_t edits(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); i++) {
    size_t corner = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); j++) {
      const size_t changed = corner + (a[i] != b[j]);
      corner = row[j + 1];
      row[j + 1] = std::min({changed, corner + 1, row[j] + 1});
    }
  }
  return row.back();
}

[[noreturn]] void refuse_unknown(const std::string& found) {
  const std::vector<std::string> names = architectures();
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  // A name may be as long as the file likes.
  const std::string_view begin = std::string_view(found).substr(0, 64);
  const auto nearer = [&](const std::string& a, const std::string& b) { return edits(begin, a) < edits(begin, b); };
  const std::string& nearest = *std::min_element(names.begin(), names.end(), nearer);
  throw Error(Code::unsupported,
              "general.architecture: expected one of " + known + ", found \"" + shown(found) + "\"; the nearest of them is " + nearest);
}

}  // namespace

RegisterModel::RegisterModel(const char* architecture, Make make) { registry().emplace(architecture, make); }

std::vector<std::string> architectures() {
  std::vector<std::string> names;
  for (const auto& [name, make] : registry()) names.push_back(name);
  return names;
}

std::unique_ptr<Model> load(const gguf::File& file, Backend& backend, const Section& part, Division* division, WeightBytes* bytes) {
  Loader loader(file, backend, part, division, bytes);
  auto entry = registry().find(loader.architecture());
  if (entry == registry().end()) refuse_unknown(loader.architecture());
  if (const auto encoder = registry().find(entry->first + "encoder"); part.encoder && encoder != registry().end()) entry = encoder;
  std::unique_ptr<Model> model = steered(entry->second(loader), loader);
  loader.finish();
  if (loader.adapters()) loader.adapters()->finish(model->shape().count());
  return model;
}

}  // namespace lt::model
