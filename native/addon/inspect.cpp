// What a GGUF file says about itself, as JavaScript values.
#include <cmath>

#include "addon/convert.h"
#include "quant/type.h"

namespace lt::addon {

namespace {

// Integers past 2^53 become bigints: a number would round them.
Napi::Value whole(Napi::Env env, uint64_t value) {
  if (value <= (uint64_t{1} << 53)) return Napi::Number::New(env, static_cast<double>(value));
  return Napi::BigInt::New(env, value);
}
Napi::Value whole(Napi::Env env, int64_t value) {
  if (value >= -(int64_t{1} << 53) && value <= (int64_t{1} << 53)) return Napi::Number::New(env, static_cast<double>(value));
  return Napi::BigInt::New(env, value);
}

struct ToJs {
  Napi::Env env;
  Napi::Value operator()(bool v) const { return Napi::Boolean::New(env, v); }
  Napi::Value operator()(uint64_t v) const { return whole(env, v); }
  Napi::Value operator()(int64_t v) const { return whole(env, v); }
  Napi::Value operator()(double v) const { return Napi::Number::New(env, v); }
  Napi::Value operator()(std::string_view v) const { return text_to_js(env, v); }
  Napi::Value operator()(uint8_t v) const { return Napi::Number::New(env, v); }
  Napi::Value operator()(const gguf::Array& array) const {
    return std::visit(
        [this](const auto& values) -> Napi::Value {
          const Napi::Array out = Napi::Array::New(env, values.size());
          for (uint32_t i = 0; i < values.size(); i++) out.Set(i, (*this)(values[i]));
          return out;
        },
        array);
  }
};

Napi::Object tensor_to_js(Napi::Env env, const gguf::HostTensor& t) {
  const Napi::Object out = Napi::Object::New(env);
  const quant::TypeInfo* type = quant::find(t.type);
  const Napi::Array shape = Napi::Array::New(env, static_cast<size_t>(t.n_dims));
  for (int i = 0; i < t.n_dims; i++) shape.Set(static_cast<uint32_t>(i), whole(env, t.dims[static_cast<size_t>(i)]));
  out.Set("name", text_to_js(env, t.name));
  out.Set("type", Napi::String::New(env, type ? type->name : "unknown"));
  out.Set("shape", shape);
  out.Set("bytes", whole(env, static_cast<uint64_t>(t.bytes)));
  return out;
}

}  // namespace

Napi::Value to_js(Napi::Env env, const gguf::File& file) {
  const Napi::Object out = Napi::Object::New(env);
  const Napi::Array metadata = Napi::Array::New(env, file.metadata().size());
  uint32_t i = 0;
  for (const auto& [key, value] : file.metadata()) {
    const Napi::Array pair = Napi::Array::New(env, 2);
    pair.Set(0u, text_to_js(env, key));
    pair.Set(1u, std::visit(ToJs{env}, value));
    metadata.Set(i++, pair);
  }
  const Napi::Array tensors = Napi::Array::New(env, file.tensors().size());
  i = 0;
  for (const gguf::HostTensor& t : file.tensors()) tensors.Set(i++, tensor_to_js(env, t));
  out.Set("version", Napi::Number::New(env, file.version()));
  out.Set("bytes", whole(env, file.bytes()));
  out.Set("tensorBytes", whole(env, file.tensor_bytes()));
  out.Set("parts", Napi::Number::New(env, file.parts()));
  out.Set("metadata", metadata);
  out.Set("tensors", tensors);
  return out;
}

}  // namespace lt::addon
