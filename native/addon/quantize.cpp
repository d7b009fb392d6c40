#include "addon/quantize.h"

#include "addon/convert.h"
#include "addon/job.h"
#include "addon/object.h"
#include "convert/edit.h"
#include "convert/folder.h"
#include "gguf/file.h"
#include "quant/type.h"
#include "quantize/quantize.h"

namespace lt::addon {
namespace {

std::optional<Type> type_of(const Napi::Object& from, const char* name) {
  const std::string type = text_of(from, name);
  if (type.empty()) return {};
  return quantize::find_type(name, type);
}

// [key, kind, text]
gguf::Field field_of(const Napi::Array& from) {
  const auto text = [&](uint32_t i) { return from.Get(i).As<Napi::String>().Utf8Value(); };
  return convert::field_of({text(0), text(1), text(2)}, {});
}

quantize::Options options_of(const Napi::Object& from) {
  quantize::Options o;
  o.recipe = text_of(from, "type");
  o.importance_name = text_of(from, "imatrix");
  o.allow_requantize = flag_of(from, "allowRequantize");
  o.leave_output = flag_of(from, "leaveOutputTensor");
  o.pure = flag_of(from, "pure");
  o.keep_split = flag_of(from, "keepSplit");
  o.keep_partial = flag_of(from, "keepPartial");
  o.output_type = type_of(from, "outputTensorType");
  o.embedding_type = type_of(from, "tokenEmbeddingType");
  o.target_bytes = static_cast<uint64_t>(number_of(from, "targetSize"));
  o.target_bpw = number_of(from, "targetBpw");
  o.threads = static_cast<int>(number_of(from, "threads"));
  for_each(from.Get("tensorTypes"), [&](const Napi::Value& v) {
    const Napi::Array rule = v.As<Napi::Array>();
    const auto text = [&](uint32_t i) { return rule.Get(i).As<Napi::String>().Utf8Value(); };
    o.tensor_types.push_back({text(0), quantize::find_type("tensorTypes", text(1)), {}});
    for_each(rule.Get(2u), [&](const Napi::Value& name) { o.tensor_types.back().names.insert(name.As<Napi::String>().Utf8Value()); });
  });
  for_each(from.Get("pruneLayers"), [&](const Napi::Value& v) { o.pruned.push_back(v.As<Napi::Number>().Int64Value()); });
  for_each(from.Get("overrides"), [&](const Napi::Value& v) { o.overrides.push_back(field_of(v.As<Napi::Array>())); });
  return o;
}

Napi::Object to_js(Napi::Env env, const quantize::TensorReport& t) {
  const Napi::Object out = Napi::Object::New(env);
  const Napi::Array shape = Napi::Array::New(env, t.dims.size());
  for (uint32_t i = 0; i < t.dims.size(); i++) shape.Set(i, Napi::Number::New(env, static_cast<double>(t.dims[i])));
  out.Set("name", text_to_js(env, t.name));
  out.Set("from", text_to_js(env, quant::info(t.from).name));
  out.Set("to", text_to_js(env, quant::info(t.to).name));
  out.Set("shape", shape);
  out.Set("bytes", Napi::Number::New(env, static_cast<double>(t.bytes)));
  out.Set("squaredError", Napi::Number::New(env, t.loss.plain_error));
  out.Set("measured", Napi::Number::New(env, static_cast<double>(t.loss.weights)));
  out.Set("relativeError", Napi::Number::New(env, t.loss.size > 0 ? t.loss.error / t.loss.size : 0));
  return out;
}

Napi::Value to_js(Napi::Env env, const quantize::Report& r) {
  const Napi::Object out = Napi::Object::New(env);
  const Napi::Array tensors = Napi::Array::New(env, r.tensors.size()), files = Napi::Array::New(env, r.files.size()),
                    notes = Napi::Array::New(env, r.notes.size());
  for (uint32_t i = 0; i < r.tensors.size(); i++) tensors.Set(i, to_js(env, r.tensors[i]));
  for (uint32_t i = 0; i < r.files.size(); i++) files.Set(i, text_to_js(env, r.files[i]));
  for (uint32_t i = 0; i < r.notes.size(); i++) notes.Set(i, text_to_js(env, r.notes[i]));
  out.Set("type", text_to_js(env, r.type));
  out.Set("warnings", notes);
  out.Set("inputBytes", Napi::Number::New(env, static_cast<double>(r.input_bytes)));
  out.Set("bytes", Napi::Number::New(env, static_cast<double>(r.output_bytes)));
  out.Set("files", files);
  out.Set("tensors", tensors);
  return out;
}

}  // namespace

Napi::Value quantize(const Napi::CallbackInfo& info) {
  const Napi::Object given = info[3].As<Napi::Object>();
  const auto work = [input = info[1].As<Napi::String>().Utf8Value(), output = info[2].As<Napi::String>().Utf8Value(),
                     options = options_of(given), dry = flag_of(given, "dryRun")](const Progress& progress) mutable -> Job::Result {
    if (!options.importance_name.empty())
      options.importance = std::make_shared<const quantize::Importance>(quantize::read_importance(options.importance_name));
    convert::FolderOptions streamed;
    streamed.streamed = streamed.written = true;
    const std::shared_ptr<const gguf::File> file =
        convert::is_folder(input) ? convert::open_folder(input, streamed) : gguf::File::open(input);
    const quantize::Report report =
        dry ? quantize::plan_only(*file, output, options, progress) : quantize::quantize(*file, output, options, progress);
    return [report](Napi::Env env) { return to_js(env, report); };
  };
  return start_job(info, work);
}

Napi::Value quantize_types(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Array recipes = Napi::Array::New(env), types = Napi::Array::New(env);
  for (const quantize::Recipe& r : quantize::recipes()) recipes.Set(recipes.Length(), text_to_js(env, r.name));
  for (const quant::TypeInfo& t : quant::types())
    if (t.dequantize) types.Set(types.Length(), text_to_js(env, t.name));
  const Napi::Object out = Napi::Object::New(env);
  out.Set("recipes", recipes);
  out.Set("types", types);
  return out;
}

}  // namespace lt::addon
