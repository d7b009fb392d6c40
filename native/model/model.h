// The architectures that this build runs. Each registers itself in its own file.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/model.h"
#include "model/loader.h"

namespace lt::model {

// The model of a file, its weights placed on the backend. The file must outlive it. bytes: told how large they are, or null. Throws
// Code::unsupported for an unknown architecture, Code::format for a file that does not hold what its architecture needs.
std::unique_ptr<Model> load(const gguf::File& file, Backend& backend, const Section& part = {}, Division* division = nullptr,
                            WeightBytes* bytes = nullptr);

std::vector<std::string> architectures();  // sorted

struct RegisterModel {
  RegisterModel(const char* architecture, std::unique_ptr<Model> (*make)(Loader&));
};

// LT_MODEL("name", function), the function a std::unique_ptr<Model>(Loader&).
#define LT_MODEL_JOIN2(a, b) a##b
#define LT_MODEL_JOIN(a, b) LT_MODEL_JOIN2(a, b)
#define LT_MODEL(architecture, ...) \
  static const ::lt::model::RegisterModel LT_MODEL_JOIN(registered_model_, __COUNTER__)(architecture, __VA_ARGS__)

}  // namespace lt::model
