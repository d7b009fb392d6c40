// The exports, as lib/native.ts types them. Each unwraps, calls and wraps.
#include <napi.h>

#include "addon/bridge.h"
#include "addon/convert.h"
#include "addon/errors.h"
#include "addon/file_jobs.h"
#include "addon/grammars.h"
#include "addon/job.h"
#include "addon/measure.h"
#include "addon/quantize.h"
#include "addon/resident.h"
#include "convert/folder.h"
#include "core/pool.h"
#include "engine/follower.h"

namespace lt::addon {

namespace {

using Info = const Napi::CallbackInfo&;

using Tokenizer = std::shared_ptr<const tokenize::Tokenizer>;

// What JavaScript holds of a vocabulary.
struct HeldVocabulary {
  Tokenizer tokenizer;
  std::shared_ptr<grammar::LazyVocabulary> words = std::make_shared<grammar::LazyVocabulary>(tokenizer);  // as grammars see them
};

// What JavaScript holds of a model.
struct Held {
  std::shared_ptr<Resident> resident;
  int64_t weight = 0;  // bytes that V8 was told of
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

Held& held_of(const Napi::Value& handle) { return held_by<Held>(handle, resident_tag, "model"); }
Resident& resident_of(const Napi::Value& handle) { return *held_of(handle).resident; }

// Of a model or a vocabulary.
HeldVocabulary vocabulary_of(const Napi::Value& handle) {
  if (handle.IsExternal() && handle.As<Napi::External<HeldVocabulary>>().CheckTypeTag(&vocabulary_tag))
    return *handle.As<Napi::External<HeldVocabulary>>().Data();
  const engine::Engine& engine = resident_of(handle).engine();
  return {engine.shared_tokenizer(), engine.words()};
}

Tokenizer tokenizer_of(const Napi::Value& handle) { return vocabulary_of(handle).tokenizer; }

double ticket_of(const Napi::Value& v) { return v.As<Napi::Number>().DoubleValue(); }

Napi::Value hold(Info info) {
  Bridge::of(info.Env()).hold(info.Env(), info[0].As<Napi::Boolean>().Value());
  return info.Env().Undefined();
}

// V8 collects what nobody holds the sooner the more memory it knows to be behind it.
void weigh(Napi::Env env, Held& held, int64_t bytes) {
  Napi::MemoryManagement::AdjustExternalMemory(env, bytes - std::exchange(held.weight, bytes));
}

Napi::Value weigh_model(Info info) {
  weigh(info.Env(), held_of(info[0]), info[1].As<Napi::Number>().Int64Value());
  return info.Env().Undefined();
}

Napi::Value load_model(Info info) {
  Bridge& bridge = Bridge::of(info.Env());
  const auto resident = std::make_shared<Resident>(bridge.mailbox(), ticket_of(info[0]), info[1].As<Napi::String>().Utf8Value(),
                                                   engine_options(info[2].As<Napi::Object>()));
  bridge.start(resident);
  // A model that nobody can reach any more frees itself.
  const auto handle = Napi::External<Held>::New(info.Env(), new Held{resident}, [](Napi::Env env, Held* held) {
    weigh(env, *held, 0);
    held->resident->stop();
    delete held;
  });
  handle.TypeTag(&resident_tag);
  return handle;
}

Napi::Value submit(Info info) {
  resident_of(info[0]).submit(order_of(ticket_of(info[1]), info[2].As<Napi::Object>()));
  return info.Env().Undefined();
}

Napi::Value answer(Info info) {
  resident_of(info[0]).answer(ticket_of(info[1]), info[2].As<Napi::Number>().Int32Value());
  return info.Env().Undefined();
}

Napi::Value abort(Info info) {
  resident_of(info[0]).abort(ticket_of(info[1]));
  return info.Env().Undefined();
}

Napi::Value dispose(Info info) {
  resident_of(info[0]).dispose(ticket_of(info[1]));
  return info.Env().Undefined();
}

// A job whose value is made of the model at the second argument.
template <class Read>
Napi::Value read_file(Info info, bool vocabulary_only, const Read& read) {
  return start_job(info, [=, path = info[1].As<Napi::String>().Utf8Value()](const Progress&) {
    return read(convert::open(path, {.vocabulary_only = vocabulary_only}));
  });
}

Napi::Value load_tokenizer(Info info) {
  return read_file(info, true, [pre = info[2].As<Napi::String>().Utf8Value()](std::shared_ptr<const gguf::File> file) -> Job::Result {
    return [tokenizer = tokenize::Tokenizer::load(std::move(file), pre)](Napi::Env env) -> Napi::Value {
      const auto handle = Napi::External<HeldVocabulary>::New(env, new HeldVocabulary{tokenizer},
                                                              [](Napi::Env, const HeldVocabulary* held) { delete held; });
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

Napi::Value compile_over(Info info) { return compile_grammar(info, info[4].IsUndefined() ? nullptr : vocabulary_of(info[4]).words); }

Napi::Value check_over(Info info) {
  HeldVocabulary held = vocabulary_of(info[1]);
  return check_grammar(info, std::move(held.tokenizer), std::move(held.words));
}

std::string decoded(const tokenize::Tokenizer& tokenizer, std::span<const int32_t> ids, bool control) {
  tokenize::Utf8Stream whole;
  std::string text = whole.push(tokenizer.decode(ids, control));
  return text + whole.finish();
}

Napi::Value encode(Info info) {
  return ids_to_js(info.Env(), tokenizer_of(info[0])->encode(info[1].As<Napi::String>().Utf8Value(), info[2].As<Napi::Boolean>().Value()));
}

Napi::Value decode(Info info) {
  return text_to_js(info.Env(), decoded(*tokenizer_of(info[0]), ids_of(info[1]), info[2].As<Napi::Boolean>().Value()));
}

// The same as jobs: ticket first.
Napi::Value encode_job(Info info) {
  return start_job(info,
                   [tokenizer = tokenizer_of(info[1]), text = info[2].As<Napi::String>().Utf8Value(),
                    control = info[3].As<Napi::Boolean>().Value()](const Progress&) -> Job::Result {
                     return [ids = tokenizer->encode(text, control)](Napi::Env env) { return ids_to_js(env, ids); };
                   });
}

// Many texts, on the process's threads. All ids one behind the other, and where those of each end: one array for JavaScript to cut.
Napi::Value encode_all_job(Info info) {
  const auto list = info[2].As<Napi::Array>();
  std::vector<std::string> texts(list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) texts[i] = list.Get(i).As<Napi::String>().Utf8Value();
  return start_job(info,
                   [tokenizer = tokenizer_of(info[1]), texts = std::move(texts),
                    control = info[3].As<Napi::Boolean>().Value()](const Progress&) -> Job::Result {
                     std::vector<std::vector<int32_t>> of(texts.size());
                     Threads(0).run(std::ssize(texts), [&](int64_t i, int) {
                       of[static_cast<size_t>(i)] = tokenizer->encode(texts[static_cast<size_t>(i)], control);
                     });
                     std::vector<int32_t> ids, ends;
                     for (const std::vector<int32_t>& one : of) {
                       ids.insert(ids.end(), one.begin(), one.end());
                       ends.push_back(static_cast<int32_t>(ids.size()));
                     }
                     return [ids = std::move(ids), ends = std::move(ends)](Napi::Env env) {
                       Napi::Array both = Napi::Array::New(env, 2);
                       both.Set(0u, ids_to_js(env, ids));
                       both.Set(1u, ids_to_js(env, ends));
                       return Napi::Value(both);
                     };
                   });
}

Napi::Value decode_job(Info info) {
  return start_job(info,
                   [tokenizer = tokenizer_of(info[1]), ids = ids_of(info[2]),
                    control = info[3].As<Napi::Boolean>().Value()](const Progress&) -> Job::Result {
                     return [text = decoded(*tokenizer, ids, control)](Napi::Env env) { return text_to_js(env, text); };
                   });
}

Napi::Value prompt_job(Info info) {
  return start_job(info,
                   [tokenizer = tokenizer_of(info[1]), segments = segments_of(info[2]),
                    begin = info[3].As<Napi::Boolean>().Value()](const Progress&) -> Job::Result {
                     std::vector<int32_t> ids;
                     encode_prompt(*tokenizer, segments, begin, false, ids);
                     return [ids = std::move(ids)](Napi::Env env) { return ids_to_js(env, ids); };
                   });
}

Napi::Value vocabulary(Info info) {
  const Napi::Env env = info.Env();
  const Tokenizer held = tokenizer_of(info[0]);
  const tokenize::Tokenizer& t = *held;
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
  out.Set("addsEnd", Napi::Boolean::New(env, t.add_eos()));
  out.Set("controls", controls);
  const Napi::Array fill = Napi::Array::New(env);
  for (const int32_t id : t.fill_marks()) fill.Set(fill.Length(), text_to_js(env, id >= 0 ? t.text(id) : ""));
  out.Set("fill", fill);
  return out;
}

Napi::Array names_to_js(Napi::Env env, std::span<const std::string_view> names) {
  const Napi::Array out = Napi::Array::New(env);
  for (const std::string_view n : names) out.Set(out.Length(), text_to_js(env, n));
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
      one.Set("texts", names_to_js(env, p.fallback_texts));
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

Napi::Value sampler_order(Info info) { return names_to_js(info.Env(), sample::default_order()); }

Napi::Value survey(Info info) {
  const Napi::Array out = Napi::Array::New(info.Env());
  for (const BackendEntry& b : backends()) out.Set(out.Length(), to_js(info.Env(), b));
  return out;
}

Napi::Value mpi(Info info) { return text_to_js(info.Env(), engine::about_ranks()); }

constexpr struct {
  const char* name;
  Napi::Value (*body)(Info);
} all_exports[] = {
    {"hold", hold},
    {"loadModel", load_model},
    {"weigh", weigh_model},
    {"submit", submit},
    {"abort", abort},
    {"answer", answer},
    {"dispose", dispose},
    {"loadTokenizer", load_tokenizer},
    {"stopJob", stop_job},
    {"quantize", quantize},
    {"quantizeTypes", quantize_types},
    {"perplexity", perplexity},
    {"imatrix", imatrix},
    {"inspect", inspect},
    {"compileGrammar", compile_over},
    {"checkGrammar", check_over},
    {"convertFolder", convert_folder},
    {"splitFile", split_file},
    {"mergeFile", merge_file},
    {"editFile", edit_file},
    {"diffFiles", diff_files},
    {"encode", encode},
    {"decode", decode},
    {"encodeJob", encode_job},
    {"encodeAllJob", encode_all_job},
    {"decodeJob", decode_job},
    {"promptJob", prompt_job},
    {"vocabulary", vocabulary},
    {"samplers", samplers},
    {"samplerOrder", sampler_order},
    {"backends", survey},
    {"mpi", mpi},
};

// attach(receiver): the exports for one evaluation of lib; see bridge.h.
Napi::Value attach(Info info) {
  const Napi::Env env = info.Env();
  const Napi::Object exports = Napi::Object::New(env);
  const std::shared_ptr<Bridge> bridge = Bridge::open(env, exports, info[0].As<Napi::Object>());
  for (const auto& [name, body] : all_exports)
    exports.Set(name, Napi::Function::New(env, [bridge, body = body](Info call) { return guarded(*bridge, call, body); }, name));
  exports.Set("rank", Napi::Number::New(env, engine::rank_here()));
  exports.Set("ranks", Napi::Number::New(env, engine::ranks_here()));
  exports.Set("version", Napi::String::New(env, LT_VERSION));
  return exports;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  engine::prepare_ranks();
  Bridge::shut_down_at_exit(env);
  exports.Set("attach", Napi::Function::New(env, attach, "attach"));
  return exports;
}

}  // namespace

}  // namespace lt::addon

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return lt::addon::init(env, exports); }
NODE_API_MODULE(llama_ts, Init)
