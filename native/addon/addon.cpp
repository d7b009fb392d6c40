// The exports, as lib/native.ts types them. Each unwraps, calls and wraps.
#include <napi.h>

#include "addon/bridge.h"
#include "addon/convert.h"
#include "addon/errors.h"
#include "addon/file_jobs.h"
#include "addon/job.h"
#include "addon/measure.h"
#include "addon/quantize.h"
#include "addon/resident.h"
#include "convert/folder.h"

namespace lt::addon {

namespace {

using Info = const Napi::CallbackInfo&;

struct Vocabulary {
  std::shared_ptr<const gguf::File> file;  // whose mapping the tokenizer reads
  std::shared_ptr<const tokenize::Tokenizer> tokenizer;
};

// A handle is an External with the tag of what it holds, so that a wrong one is refused instead of misread.
constexpr napi_type_tag resident_tag{0x6c6c616d612d7473, 0x7265736964656e74};
constexpr napi_type_tag vocabulary_tag{0x6c6c616d612d7473, 0x766f636162756c61};

template <class T>
T& held_by(const Napi::Value& handle, const napi_type_tag& tag, const char* what) {
  if (!handle.IsExternal() || !handle.As<Napi::External<T>>().CheckTypeTag(&tag))
    throw Error(Code::argument, std::string("expected the handle of a ") + what);
  return *handle.As<Napi::External<T>>().Data();
}

std::shared_ptr<Resident>& resident_of(const Napi::Value& handle) {
  return held_by<std::shared_ptr<Resident>>(handle, resident_tag, "model");
}

// Of a model or a vocabulary.
const tokenize::Tokenizer& tokenizer_of(const Napi::Value& handle) {
  if (handle.IsExternal() && handle.As<Napi::External<Vocabulary>>().CheckTypeTag(&vocabulary_tag))
    return *handle.As<Napi::External<Vocabulary>>().Data()->tokenizer;
  return resident_of(handle)->engine().tokenizer();
}

double ticket_of(const Napi::Value& v) { return v.As<Napi::Number>().DoubleValue(); }

Napi::Value attach(Info info) {
  Bridge::of(info.Env()).attach(info.Env(), info[0].As<Napi::Function>(), info[1].As<Napi::Function>());
  return info.Env().Undefined();
}

Napi::Value hold(Info info) {
  Bridge::of(info.Env()).mailbox()->hold(info.Env(), info[0].As<Napi::Boolean>().Value());
  return info.Env().Undefined();
}

Napi::Value shut_down(Info info) {
  Bridge::of(info.Env()).shut_down();
  return info.Env().Undefined();
}

Napi::Value load_model(Info info) {
  Bridge& bridge = Bridge::of(info.Env());
  const auto resident = std::make_shared<Resident>(bridge.mailbox(), ticket_of(info[0]), info[1].As<Napi::String>().Utf8Value(),
                                                   engine_options(info[2].As<Napi::Object>()));
  bridge.start(resident);
  // A model that nobody can reach any more frees itself.
  const auto handle = Napi::External<std::shared_ptr<Resident>>::New(info.Env(), new std::shared_ptr<Resident>(resident),
                                                                     [](Napi::Env, std::shared_ptr<Resident>* held) {
                                                                       (*held)->stop();
                                                                       delete held;
                                                                     });
  handle.TypeTag(&resident_tag);
  return handle;
}

Napi::Value submit(Info info) {
  resident_of(info[0])->submit(order_of(ticket_of(info[1]), info[2].As<Napi::Object>()));
  return info.Env().Undefined();
}

Napi::Value abort(Info info) {
  resident_of(info[0])->abort(ticket_of(info[1]));
  return info.Env().Undefined();
}

Napi::Value dispose(Info info) {
  resident_of(info[0])->dispose(ticket_of(info[1]));
  return info.Env().Undefined();
}

// A job whose value is made of the model at the second argument.
Napi::Value read_file(Info info, bool vocabulary_only, Job::Result (*read)(std::shared_ptr<const gguf::File>)) {
  return start_job(info, [=, path = info[1].As<Napi::String>().Utf8Value()](const Progress&) {
    return read(convert::open(path, {.vocabulary_only = vocabulary_only}));
  });
}

Napi::Value load_tokenizer(Info info) {
  return read_file(info, true, [](std::shared_ptr<const gguf::File> file) -> Job::Result {
    return [vocabulary = Vocabulary{file, tokenize::Tokenizer::load(*file)}](Napi::Env env) -> Napi::Value {
      const auto handle =
          Napi::External<Vocabulary>::New(env, new Vocabulary(vocabulary), [](Napi::Env, Vocabulary* held) { delete held; });
      handle.TypeTag(&vocabulary_tag);
      return handle;
    };
  });
}

Napi::Value inspect(Info info) {
  return read_file(info, false, [](std::shared_ptr<const gguf::File> file) -> Job::Result {
    return [file](Napi::Env env) { return to_js(env, *file); };
  });
}

Napi::Value encode(Info info) {
  return ids_to_js(info.Env(), tokenizer_of(info[0]).encode(info[1].As<Napi::String>().Utf8Value(), info[2].As<Napi::Boolean>().Value()));
}

Napi::Value decode(Info info) {
  const tokenize::Tokenizer& tokenizer = tokenizer_of(info[0]);
  tokenize::Utf8Stream whole;
  std::string text = whole.push(tokenizer.decode(ids_of(info[1]), info[2].As<Napi::Boolean>().Value()));
  return text_to_js(info.Env(), text + whole.finish());
}

Napi::Value vocabulary(Info info) {
  const Napi::Env env = info.Env();
  const tokenize::Tokenizer& t = tokenizer_of(info[0]);
  const Napi::Object out = Napi::Object::New(env);
  const Napi::Array controls = Napi::Array::New(env);
  for (int32_t id = 0; id < t.size(); id++) {
    if (t.is_control(id)) controls.Set(controls.Length(), text_to_js(env, t.text(id)));
  }
  out.Set("size", Napi::Number::New(env, t.size()));
  out.Set("begin", Napi::Number::New(env, t.bos()));
  out.Set("end", Napi::Number::New(env, t.eos()));
  out.Set("beginText", text_to_js(env, t.bos() >= 0 ? t.text(t.bos()) : ""));
  out.Set("endText", text_to_js(env, t.eos() >= 0 ? t.text(t.eos()) : ""));
  out.Set("addsBegin", Napi::Boolean::New(env, t.add_bos()));
  out.Set("controls", controls);
  return out;
}

Napi::Value samplers(Info info) {
  const Napi::Env env = info.Env();
  const Napi::Array out = Napi::Array::New(env);
  for (const sample::SamplerEntry& s : sample::samplers()) {
    const Napi::Object entry = Napi::Object::New(env);
    const Napi::Array parameters = Napi::Array::New(env);
    for (const sample::Parameter& p : s.parameters) {
      const Napi::Object one = Napi::Object::New(env);
      one.Set("name", text_to_js(env, p.name));
      one.Set("type", text_to_js(env, p.type));
      one.Set("minimum", Napi::Number::New(env, p.minimum));
      one.Set("maximum", Napi::Number::New(env, p.maximum));
      one.Set("fallback", Napi::Number::New(env, p.fallback));
      one.Set("sentence", text_to_js(env, p.sentence));
      parameters.Set(parameters.Length(), one);
    }
    entry.Set("name", text_to_js(env, s.name));
    entry.Set("sentence", text_to_js(env, s.sentence));
    entry.Set("parameters", parameters);
    out.Set(out.Length(), entry);
  }
  return out;
}

Napi::Array names_to_js(Napi::Env env, std::span<const std::string_view> names) {
  const Napi::Array out = Napi::Array::New(env);
  for (const std::string_view n : names) out.Set(out.Length(), text_to_js(env, n));
  return out;
}

Napi::Value sampler_order(Info info) { return names_to_js(info.Env(), sample::default_order()); }

Napi::Value survey(Info info) {
  const Napi::Array out = Napi::Array::New(info.Env());
  for (const BackendEntry& b : backends()) out.Set(out.Length(), to_js(info.Env(), b));
  return out;
}

Napi::Value mpi(Info info) { return text_to_js(info.Env(), engine::about_ranks()); }

Napi::Object init(Napi::Env env, Napi::Object exports) {
  Bridge::install(env);
  const auto add = [&](const char* name, Napi::Value (*body)(Info)) { exports.Set(name, Napi::Function::New(env, body, name)); };
  add("attach", export_of<attach>);
  add("hold", export_of<hold>);
  add("shutDown", export_of<shut_down>);
  add("loadModel", export_of<load_model>);
  add("submit", export_of<submit>);
  add("abort", export_of<abort>);
  add("dispose", export_of<dispose>);
  add("loadTokenizer", export_of<load_tokenizer>);
  add("stopJob", export_of<stop_job>);
  add("quantize", export_of<quantize>);
  add("quantizeTypes", export_of<quantize_types>);
  add("perplexity", export_of<perplexity>);
  add("imatrix", export_of<imatrix>);
  add("inspect", export_of<inspect>);
  add("convertFolder", export_of<convert_folder>);
  add("splitFile", export_of<split_file>);
  add("mergeFile", export_of<merge_file>);
  add("editFile", export_of<edit_file>);
  add("diffFiles", export_of<diff_files>);
  add("encode", export_of<encode>);
  add("decode", export_of<decode>);
  add("vocabulary", export_of<vocabulary>);
  add("samplers", export_of<samplers>);
  add("samplerOrder", export_of<sampler_order>);
  add("backends", export_of<survey>);
  add("mpi", export_of<mpi>);
  engine::prepare_ranks();
  exports.Set("rank", Napi::Number::New(env, engine::rank_here()));
  exports.Set("ranks", Napi::Number::New(env, engine::ranks_here()));
  exports.Set("version", Napi::String::New(env, LT_VERSION));
  return exports;
}

}  // namespace

}  // namespace lt::addon

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return lt::addon::init(env, exports); }
NODE_API_MODULE(llama_ts, Init)
