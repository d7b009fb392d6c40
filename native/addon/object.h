// The properties of an options object, which lib has checked.
#pragma once
#include <napi.h>

#include <string>
#include <vector>

namespace lt::addon {

inline std::string text_of(const Napi::Value& v) { return v.As<Napi::String>().Utf8Value(); }
inline std::string text_of(const Napi::Object& from, const char* name) { return text_of(from.Get(name)); }
inline int64_t integer_of(const Napi::Object& from, const char* name) { return from.Get(name).As<Napi::Number>().Int64Value(); }
inline double number_of(const Napi::Object& from, const char* name) { return from.Get(name).As<Napi::Number>().DoubleValue(); }
inline bool flag_of(const Napi::Object& from, const char* name) { return from.Get(name).As<Napi::Boolean>().Value(); }

template <class Each>
void for_each(const Napi::Value& list, Each each) {
  const Napi::Array array = list.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) each(array.Get(i));
}

inline std::vector<std::string> texts_of(const Napi::Value& list) {
  std::vector<std::string> out;
  for_each(list, [&](const Napi::Value& v) { out.push_back(v.As<Napi::String>().Utf8Value()); });
  return out;
}

}  // namespace lt::addon
