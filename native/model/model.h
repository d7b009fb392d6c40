// The architectures that this build runs. Each registers itself in its own file.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/model.h"
#include "model/loader.h"

namespace lt::model {

// The model of a file, its weights placed on the backend. The file must outlive it. Throws Code::unsupported for an unknown
// architecture, Code::format for a file that does not hold what its architecture needs.
std::unique_ptr<Model> load(const gguf::File& file, Backend& backend, const Section& part = {}, Division* division = nullptr);

std::vector<std::string> architectures();  // sorted

struct RegisterModel {
  RegisterModel(const char* architecture, std::unique_ptr<Model> (*make)(Loader&));
};

#define LT_MODEL(architecture, Class)                       \
  static const RegisterModel register_##Class(architecture, \
                                              [](Loader& loader) { return std::unique_ptr<Model>(std::make_unique<Class>(loader)); })

}  // namespace lt::model
