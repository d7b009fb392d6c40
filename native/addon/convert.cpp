#include "addon/convert.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "addon/errors.h"
#include "addon/grammars.h"
#include "addon/object.h"

namespace lt::addon {

namespace {

sample::ChainOptions sampling_of(const Napi::Object& from) {
  sample::ChainOptions out;
  out.seed = static_cast<uint64_t>(number_of(from, "seed"));
  out.order = texts_of(from.Get("samplers"));
  for_each(from.Get("settings"), [&](const Napi::Value& v) {
    const Napi::Object pair = v.As<Napi::Object>();
    out.settings.push_back(
        {pair.Get(0u).As<Napi::String>().Utf8Value(), pair.Get(1u).As<Napi::Number>().DoubleValue(), texts_of(pair.Get(2u))});
  });
  for_each(from.Get("bias"), [&](const Napi::Value& v) {
    const Napi::Object pair = v.As<Napi::Object>();
    out.bias.push_back({pair.Get(0u).As<Napi::Number>().Int32Value(), pair.Get(1u).As<Napi::Number>().FloatValue()});
  });
  return out;
}

// By their numbers in a GGUF file.
constexpr std::array<std::string_view, 5> poolings = {"none", "mean", "cls", "last", "rank"};

Pooling pooling_of(const std::string& name) {
  return static_cast<Pooling>(std::find(poolings.begin(), poolings.end(), name) - poolings.begin());
}

engine::Bound bound_of(const Napi::Object& from) {
  engine::Bound out{binding_of(from.Get("grammar")), {}, {}, {}, false, flag_of(from, "canonical")};
  if (from.Get("grammarPrefix").IsString()) out.prefix = text_of(from, "grammarPrefix");
  if (!from.Get("grammarAfter").IsObject()) return out;
  const Napi::Object marks = from.Get("grammarAfter").As<Napi::Object>();
  out.open = text_of(marks, "open");
  out.close = text_of(marks, "close");
  out.opened = flag_of(marks, "opened");
  return out;
}

std::variant<engine::Generate, engine::Score, engine::Embed> kind_of(const std::string& kind, const Napi::Object& from) {
  if (kind == "score") return engine::Score{};
  if (kind == "embed") return engine::Embed{from.Get("pooling").IsString() ? pooling_of(text_of(from, "pooling")) : Pooling::none};
  engine::Generate out;
  out.max_tokens = integer_of(from, "maxTokens");
  out.stop = texts_of(from.Get("stop"));
  out.ignore_end = flag_of(from, "ignoreEnd");
  if (from.Get("grammar").IsExternal()) out.bound = bound_of(from);
  out.spell_controls = flag_of(from, "spellControls");
  out.asks = flag_of(from, "asks");
  out.banned = texts_of(from.Get("banned"));
  for_each(from.Get("textBias"), [&](const Napi::Value& v) {
    const Napi::Object one = v.As<Napi::Object>();
    const int64_t tokens = one.Get(2u).As<Napi::Number>().Int64Value();  // -1: all
    out.text_bias.push_back({one.Get(0u).As<Napi::String>().Utf8Value(), one.Get(1u).As<Napi::Number>().FloatValue(),
                             tokens < 0 ? sample::LogitBias::always : static_cast<uint64_t>(tokens)});
  });
  out.top_logprobs = static_cast<int>(integer_of(from, "logprobs"));
  out.sampling = sampling_of(from);
  return out;
}

// Padding rows of the token table have numbers and no names.
std::string piece_of(const tokenize::Tokenizer& tokenizer, int32_t id) {
  return id < tokenizer.size() ? std::string(tokenizer.piece(id, true)) : "<" + std::to_string(id) + ">";
}

Napi::Object logprob_to_js(Napi::Env env, int32_t id, float logprob, const std::string& text) {
  const Napi::Object out = Napi::Object::New(env);
  out.Set("id", Napi::Number::New(env, id));
  out.Set("text", text_to_js(env, text));
  out.Set("logprob", Napi::Number::New(env, logprob));
  return out;
}

Napi::Array logprobs_to_js(Napi::Env env, const engine::Report& report, const ReportPieces& pieces) {
  const Napi::Array out = Napi::Array::New(env, report.tokens.size());
  for (uint32_t i = 0; i < report.tokens.size(); i++) {
    const engine::TokenOut& t = report.tokens[i];
    const Napi::Object one = logprob_to_js(env, t.id, t.logprob, pieces.chosen[i]);
    const Napi::Array top = Napi::Array::New(env, t.top.size());
    for (uint32_t j = 0; j < t.top.size(); j++) top.Set(j, logprob_to_js(env, t.top[j].id, t.top[j].logprob, pieces.top[i][j]));
    one.Set("top", top);
    out.Set(i, one);
  }
  return out;
}

const char* finish_name(engine::Finish finish) {
  switch (finish) {
    case engine::Finish::none:
      return "";
    case engine::Finish::stop:
      return "stop";
    case engine::Finish::length:
      return "length";
    case engine::Finish::context:
      return "context";
    case engine::Finish::stop_string:
      return "stop";
    case engine::Finish::aborted:
      return "aborted";
    case engine::Finish::failed:
      return "failed";
  }
  return "failed";
}

Napi::Float32Array floats_to_js(Napi::Env env, const std::vector<float>& values) {
  Napi::Float32Array out = Napi::Float32Array::New(env, values.size());
  if (!values.empty()) std::memcpy(out.Data(), values.data(), values.size() * sizeof(float));
  return out;
}

}  // namespace

engine::EngineOptions engine_options(const Napi::Object& from) {
  engine::EngineOptions out;
  out.backend = text_of(from, "backend");
  out.isa = text_of(from, "isa");
  out.gpu_layers = integer_of(from, "gpuLayers");
  const auto experts = from.Get("cpuExperts").As<Napi::Array>();
  for (uint32_t i = 0; i < experts.Length(); i++) out.cpu_experts.push_back(experts.Get(i).As<Napi::Number>().Int64Value());
  out.threads = static_cast<int>(integer_of(from, "threads"));
  out.context_tokens = integer_of(from, "contextTokens");
  out.batch_tokens = integer_of(from, "batchTokens");
  out.max_sequences = integer_of(from, "maxSequences");
  out.cache_type = text_of(from, "cacheType");
  out.pre_tokenizer = text_of(from, "preTokenizer");
  out.mmap = flag_of(from, "mmap");
  out.huge_pages = flag_of(from, "hugePages");
  out.encoder = flag_of(from, "encoder");
  out.exact_ranks = flag_of(from, "exactRanks");
  out.step_ms = number_of(from, "stepTime");
  out.state_memory = integer_of(from, "stateMemory");
  for_each(from.Get("adapters"), [&](const Napi::Value& v) {
    const Napi::Object a = v.As<Napi::Object>();
    out.adapters.push_back({text_of(a, "path"), text_of(a, "name"), number_of(a, "scale"), flag_of(a, "steers"), integer_of(a, "first"),
                            integer_of(a, "last")});
  });
  return out;
}

std::vector<Segment> segments_of(const Napi::Value& list) {
  std::vector<Segment> out;
  for_each(list, [&](const Napi::Value& v) {
    const Napi::Object segment = v.As<Napi::Object>();
    out.push_back({text_of(segment, "text"), flag_of(segment, "control")});
  });
  return out;
}

Order order_of(double ticket, const Napi::Object& from) {
  Order out;
  out.ticket = ticket;
  out.begin = flag_of(from, "begin");
  if (from.Get("ids").IsTypedArray()) out.request.prompt = ids_of(from.Get("ids"));
  if (from.Get("types").IsTypedArray()) out.request.types = ids_of(from.Get("types"));
  if (from.Get("decoderIds").IsTypedArray()) out.request.decoder = ids_of(from.Get("decoderIds"));
  if (from.Get("adapters").IsArray()) {
    std::vector<engine::AdapterWish>& wishes = out.request.adapters.emplace();
    for_each(from.Get("adapters"), [&](const Napi::Value& v) {
      const Napi::Object pair = v.As<Napi::Object>();
      wishes.push_back({pair.Get(0u).As<Napi::String>().Utf8Value(), pair.Get(1u).As<Napi::Number>().DoubleValue()});
    });
  }
  out.segments = segments_of(from.Get("segments"));
  out.request.tells_reading = flag_of(from, "tellsReading");
  out.request.kind = kind_of(text_of(from, "kind"), from);
  return out;
}

ReportPieces pieces_of(const engine::Report& report, const tokenize::Tokenizer& tokenizer) {
  ReportPieces out;
  for (const engine::TokenOut& t : report.tokens) {
    out.chosen.push_back(piece_of(tokenizer, t.id));
    std::vector<std::string>& top = out.top.emplace_back();
    for (const sample::Logprob& l : t.top) top.push_back(piece_of(tokenizer, l.id));
  }
  return out;
}

Napi::Value to_js(Napi::Env env, const engine::ModelInfo& info) {
  const Napi::Object out = Napi::Object::New(env);
  const auto number = [&](const char* name, auto value) { out.Set(name, Napi::Number::New(env, static_cast<double>(value))); };
  out.Set("architecture", text_to_js(env, info.architecture));
  out.Set("name", text_to_js(env, info.name));
  out.Set("fileType", text_to_js(env, info.file_type));
  out.Set("backend", text_to_js(env, info.backend));
  out.Set("chatTemplate", text_to_js(env, info.chat_template));
  const Napi::Array named = Napi::Array::New(env);
  for (const auto& [name, source] : info.named_templates) {
    const Napi::Array pair = Napi::Array::New(env);
    pair.Set(0U, text_to_js(env, name)), pair.Set(1U, text_to_js(env, source));
    named.Set(named.Length(), pair);
  }
  out.Set("namedTemplates", named);
  out.Set("ranks", text_to_js(env, info.ranks));
  out.Set("rerankTemplate", text_to_js(env, info.rerank_template));
  out.Set("pooling", text_to_js(env, poolings.at(static_cast<size_t>(info.pooling))));
  out.Set("head", Napi::Boolean::New(env, info.head));
  const Napi::Array labels = Napi::Array::New(env);
  for (const std::string& label : info.labels) labels.Set(labels.Length(), text_to_js(env, label));
  out.Set("labels", labels);
  const Napi::Array adapters = Napi::Array::New(env);
  for (const engine::AdapterOption& a : info.adapters) {
    const Napi::Object one = Napi::Object::New(env);
    one.Set("name", text_to_js(env, a.name));
    one.Set("steers", Napi::Boolean::New(env, a.steers));
    one.Set("scale", Napi::Number::New(env, a.scale));
    adapters.Set(adapters.Length(), one);
  }
  out.Set("adapters", adapters);
  number("adapterBytes", info.memory.adapters);
  number("types", info.types);
  number("vectorColumns", info.vector_columns);
  number("outputs", info.outputs);
  number("textAtOnce", info.text_at_once);
  number("separator", info.separator);
  number("decoderStart", info.decoder_start);
  number("parameters", info.parameters);
  number("fileBytes", info.file_bytes);
  number("layers", info.layers);
  number("deviceLayers", info.device_layers);
  number("width", info.width);
  number("heads", info.heads);
  number("kvHeads", info.kv_heads);
  number("vocabulary", info.vocabulary);
  number("trainedContext", info.trained_context);
  number("contextTokens", info.context_tokens);
  number("threads", info.threads);
  number("decodeThreads", info.decode_threads);
  number("weights", info.memory.weights);
  number("kv", info.memory.kv);
  number("states", info.memory.states);
  number("scratch", info.memory.scratch);
  number("tables", info.memory.tables);
  number("device", info.memory.device);
  return out;
}

Napi::Value to_js(Napi::Env env, const BackendEntry& backend) {
  const Napi::Object out = Napi::Object::New(env);
  const Napi::Array variants = Napi::Array::New(env), devices = Napi::Array::New(env);
  const Survey here = backend.survey ? backend.survey() : Survey{};
  for (const Device& d : here.devices) {
    const Napi::Object device = Napi::Object::New(env);
    device.Set("name", text_to_js(env, d.name));
    device.Set("total", Napi::Number::New(env, static_cast<double>(d.total)));
    device.Set("free", Napi::Number::New(env, static_cast<double>(d.free)));
    device.Set("software", Napi::Boolean::New(env, d.software));
    devices.Set(devices.Length(), device);
  }
  if (backend.variants && (!backend.survey || !here.devices.empty()))
    for (const std::string& v : backend.variants()) variants.Set(variants.Length(), text_to_js(env, v));
  out.Set("name", text_to_js(env, backend.name));
  out.Set("onHost", Napi::Boolean::New(env, !backend.survey));
  out.Set("whyNot", text_to_js(env, here.why_not));
  out.Set("variants", variants);
  out.Set("devices", devices);
  return out;
}

Napi::Value to_js(Napi::Env env, const engine::Report& report, const ReportPieces& pieces) {
  const Napi::Object out = Napi::Object::New(env);
  std::vector<int32_t> ids;
  for (const engine::TokenOut& t : report.tokens) ids.push_back(t.id);
  out.Set("text", text_to_js(env, report.text));
  out.Set("ids", ids_to_js(env, ids));
  if (pieces.chosen.size() == report.tokens.size() && !ids.empty()) out.Set("logprobs", logprobs_to_js(env, report, pieces));
  if (!report.rows.empty()) out.Set("rows", floats_to_js(env, report.rows));
  if (!report.logits.empty()) out.Set("logits", floats_to_js(env, report.logits));
  if (report.prompt_read > 0)
    out.Set("promptRead", Napi::Number::New(env, static_cast<double>(report.prompt_read) / static_cast<double>(report.prompt_tokens)));
  if (report.finish == engine::Finish::none) return out;
  const auto number = [&](const char* name, double value) { out.Set(name, Napi::Number::New(env, value)); };
  out.Set("finish", Napi::String::New(env, finish_name(report.finish)));
  if (report.error) out.Set("error", to_js(env, *report.error));
  if (report.finish == engine::Finish::stop_string) out.Set("stopString", text_to_js(env, report.stop_string));
  out.Set("complete", Napi::Boolean::New(env, report.complete));
  out.Set("cutCharacter", Napi::Boolean::New(env, report.cut_character));
  number("promptTokens", static_cast<double>(report.prompt_tokens));
  number("cachedTokens", static_cast<double>(report.cached_tokens));
  number("completionTokens", static_cast<double>(report.completion_tokens));
  number("queuedMs", report.queued_ms);
  number("prefillMs", report.prefill_ms);
  number("decodeMs", report.decode_ms);
  return out;
}

Napi::Value ids_to_js(Napi::Env env, const std::vector<int32_t>& ids) {
  Napi::Uint32Array out = Napi::Uint32Array::New(env, ids.size());
  if (!ids.empty()) std::memcpy(out.Data(), ids.data(), ids.size() * sizeof(int32_t));
  return out;
}

std::vector<int32_t> ids_of(const Napi::Value& from) {
  const Napi::Uint32Array ids = from.As<Napi::Uint32Array>();
  std::vector<int32_t> out(ids.ElementLength());
  for (size_t i = 0; i < out.size(); i++) {
    if (ids[i] > INT32_MAX) throw Error(Code::argument, "ids: expected token ids, found " + std::to_string(ids[i]));
    out[i] = static_cast<int32_t>(ids[i]);
  }
  return out;
}

// A null pointer, as an empty view may have, is refused by napi.
Napi::String text_to_js(Napi::Env env, std::string_view text) {
  return Napi::String::New(env, text.data() ? text.data() : "", text.size());
}

}  // namespace lt::addon
