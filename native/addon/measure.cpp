#include "addon/measure.h"

#include "addon/convert.h"
#include "addon/job.h"
#include "addon/object.h"
#include "measure/imatrix.h"
#include "measure/perplexity.h"

namespace lt::addon {
namespace {

std::string string_of(const Napi::Value& v) { return v.As<Napi::String>().Utf8Value(); }

std::optional<std::string> optional_string(const Napi::Value& v) { return v.IsUndefined() ? std::nullopt : std::optional(string_of(v)); }

measuring::PerplexityOptions perplexity_options(const Napi::Object& from) {
  measuring::PerplexityOptions o;
  o.engine = engine_options(from);
  o.context = integer_of(from, "context");
  o.chunks = integer_of(from, "chunks");
  o.save_base = text_of(from, "saveBase");
  o.base = text_of(from, "base");
  return o;
}

measuring::ImatrixOptions imatrix_options(const Napi::Object& from) {
  measuring::ImatrixOptions o;
  o.engine = engine_options(from);
  o.context = integer_of(from, "context");
  o.chunks = integer_of(from, "chunks");
  o.dataset = text_of(from, "dataset");
  o.process_output = flag_of(from, "processOutput");
  o.resume = flag_of(from, "resume");
  o.save_every = integer_of(from, "outputFrequency");
  o.in_files = texts_of(from.Get("inFiles"));
  return o;
}

void put(const Napi::Object& to, const char* name, double value) { to.Set(name, Napi::Number::New(to.Env(), value)); }

Napi::Object to_js(Napi::Env env, const measuring::Divergence& d) {
  const Napi::Object out = Napi::Object::New(env);
  put(out, "kl", d.kl.value);
  put(out, "klError", d.kl.error);
  put(out, "klMedian", d.kl_median);
  put(out, "kl99", d.kl_99);
  put(out, "klMax", d.kl_most);
  put(out, "sameTop", d.same_top.value);
  put(out, "sameTopError", d.same_top.error);
  put(out, "basePerplexity", d.base_perplexity);
  put(out, "logRatio", d.log_ratio.value);
  put(out, "logRatioError", d.log_ratio.error);
  put(out, "rmsProbability", d.rms_probability);
  return out;
}

Napi::Value to_js(Napi::Env env, const measuring::Perplexity& p) {
  const Napi::Object out = Napi::Object::New(env);
  put(out, "nll", p.nll.value);
  put(out, "nllError", p.nll.error);
  put(out, "tokens", static_cast<double>(p.tokens));
  put(out, "chunks", static_cast<double>(p.chunks));
  put(out, "context", static_cast<double>(p.context));
  put(out, "seconds", p.seconds);
  out.Set("backend", text_to_js(env, p.backend));
  if (p.divergence) out.Set("divergence", to_js(env, *p.divergence));
  return out;
}

Napi::Value to_js(Napi::Env env, const measuring::Imatrix& m) {
  const Napi::Object out = Napi::Object::New(env);
  put(out, "resumed", static_cast<double>(m.resumed));
  put(out, "chunks", static_cast<double>(m.chunks));
  put(out, "allChunks", static_cast<double>(m.all_chunks));
  put(out, "tensors", static_cast<double>(m.tensors));
  put(out, "seconds", m.seconds);
  out.Set("backend", text_to_js(env, m.backend));
  return out;
}

}  // namespace

Napi::Value perplexity(const Napi::CallbackInfo& info) {
  const auto work = [model = string_of(info[1]), text = optional_string(info[2]),
                     options = perplexity_options(info[3].As<Napi::Object>())](const Progress& progress) -> Job::Result {
    const measuring::Perplexity found = measuring::perplexity(model, text, options, progress);
    return [found](Napi::Env env) { return to_js(env, found); };
  };
  return start_job(info, work);
}

Napi::Value imatrix(const Napi::CallbackInfo& info) {
  const auto work = [model = optional_string(info[1]), text = optional_string(info[2]), output = string_of(info[3]),
                     options = imatrix_options(info[4].As<Napi::Object>())](const Progress& progress) -> Job::Result {
    const measuring::Imatrix found = measuring::imatrix(model, text, output, options, progress);
    return [found](Napi::Env env) { return to_js(env, found); };
  };
  return start_job(info, work);
}

}  // namespace lt::addon
