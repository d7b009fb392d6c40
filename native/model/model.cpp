#include "model/model.h"

#include <map>

namespace lt::model {
namespace {

using Make = std::unique_ptr<Model> (*)(Loader&);

std::map<std::string, Make>& registry() {
  static std::map<std::string, Make> all;
  return all;
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
  const auto entry = registry().find(loader.architecture());
  if (entry == registry().end()) {
    std::string known;
    for (const std::string& name : architectures()) known += (known.empty() ? "" : ", ") + name;
    throw Error(Code::unsupported, "general.architecture: expected one of " + known + ", found \"" + loader.architecture() + "\"");
  }
  std::unique_ptr<Model> model = entry->second(loader);
  loader.finish();
  return model;
}

}  // namespace lt::model
