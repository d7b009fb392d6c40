#include "addon/file_jobs.h"

#include <algorithm>

#include "addon/convert.h"
#include "addon/job.h"
#include "addon/object.h"
#include "convert/convert.h"
#include "convert/diff.h"
#include "convert/edit.h"
#include "convert/split.h"
#include "quantize/recipe.h"

namespace lt::addon {

namespace {

using Info = const Napi::CallbackInfo&;

uint64_t count_of(const Napi::Value& v) { return static_cast<uint64_t>(v.As<Napi::Number>().DoubleValue()); }

Job::Result written(const convert::Written& w) {
  return [w](Napi::Env env) -> Napi::Value {
    const Napi::Object out = Napi::Object::New(env);
    out.Set("bytes", Napi::Number::New(env, static_cast<double>(w.bytes)));
    out.Set("tensors", Napi::Number::New(env, static_cast<double>(w.tensors)));
    return out;
  };
}

// "auto": as they are stored.
std::optional<Type> type_of(const std::string& name) {
  if (name == "auto") return std::nullopt;
  return quantize::find_type("type", name);
}

}  // namespace

Napi::Value convert_folder(Info info) {
  const Napi::Object given = info[3].As<Napi::Object>();
  convert::FolderOptions options;
  options.matrices = type_of(text_of(given.Get("type")));
  options.name = text_of(given.Get("name"));
  return start_job(info, [=, folder = text_of(info[1]), to = text_of(info[2])](const Progress& progress) {
    return written(convert::convert_folder(folder, to, options, progress));
  });
}

Napi::Value split_file(Info info) {
  const convert::SplitLimits limits{count_of(info[3]), count_of(info[4])};
  return start_job(info, [=, from = text_of(info[1]), prefix = text_of(info[2])](const Progress& progress) -> Job::Result {
    return [parts = convert::split(from, prefix, limits, progress)](Napi::Env env) -> Napi::Value {
      const Napi::Array out = Napi::Array::New(env);
      for (size_t i = 0; i < parts.paths.size(); i++) {
        const Napi::Object part = Napi::Object::New(env);
        part.Set("path", text_to_js(env, parts.paths[i]));
        part.Set("bytes", Napi::Number::New(env, static_cast<double>(parts.bytes[i])));
        out.Set(out.Length(), part);
      }
      return out;
    };
  });
}

Napi::Value merge_file(Info info) {
  return start_job(info, [from = text_of(info[1]), to = text_of(info[2])](const Progress& progress) {
    return written(convert::merge(from, to, progress));
  });
}

Napi::Value edit_file(Info info) {
  convert::Edit edit;
  const Napi::Array set = info[3].As<Napi::Array>(), removed = info[4].As<Napi::Array>();
  for (uint32_t i = 0; i < set.Length(); i++) {
    const Napi::Array entry = set.Get(i).As<Napi::Array>();
    edit.set.push_back({text_of(entry.Get(0u)), text_of(entry.Get(1u)), text_of(entry.Get(2u))});
  }
  for (uint32_t i = 0; i < removed.Length(); i++) edit.remove.push_back(text_of(removed.Get(i)));
  return start_job(info, [=, from = text_of(info[1]), to = text_of(info[2])](const Progress& progress) {
    return written(convert::edit(from, to, edit, progress));
  });
}

Napi::Value diff_files(Info info) {
  return start_job(info, [a = text_of(info[1]), b = text_of(info[2])](const Progress& progress) -> Job::Result {
    return [found = convert::diff(a, b, progress)](Napi::Env env) -> Napi::Value {
      const Napi::Array metadata = Napi::Array::New(env), tensors = Napi::Array::New(env);
      for (const convert::KeyDifference& d : found.metadata) {
        const Napi::Object one = Napi::Object::New(env);
        one.Set("key", text_to_js(env, d.key));
        one.Set("what", text_to_js(env, d.what));
        metadata.Set(metadata.Length(), one);
      }
      for (const convert::TensorDifference& d : found.tensors) {
        const Napi::Object one = Napi::Object::New(env);
        one.Set("name", text_to_js(env, d.name));
        one.Set("what", text_to_js(env, d.what));
        one.Set("a", text_to_js(env, d.a));
        one.Set("b", text_to_js(env, d.b));
        one.Set("largest", Napi::Number::New(env, d.largest));
        tensors.Set(tensors.Length(), one);
      }
      const Napi::Object out = Napi::Object::New(env);
      out.Set("metadata", metadata);
      out.Set("tensors", tensors);
      return out;
    };
  });
}

}  // namespace lt::addon
