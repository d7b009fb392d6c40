#include "addon/grammars.h"

#include <chrono>
#include <cstring>
#include <optional>
#include <utility>
#include <variant>

#include "addon/convert.h"
#include "addon/errors.h"
#include "addon/job.h"
#include "addon/object.h"
#include "core/background.h"
#include "grammar/parts.h"
#include "grammar/walks.h"

namespace lt::addon {

namespace {

using Info = const Napi::CallbackInfo&;
using Binding = std::shared_ptr<grammar::Binding>;

constexpr napi_type_tag grammar_tag{0x6c6c616d612d7473, 0x6772616d6d617200};

// Of a grammar, as V8 is told, so that it collects those that nobody holds before they are too many.
constexpr int64_t least_memory = 512 << 10;

// What a grammar is written as.
struct Source {
  std::string kind, text;
  std::vector<std::string> choices;
  grammar::Part parts;
  grammar::SchemaOptions options;
  std::shared_ptr<grammar::LazyVocabulary> over;  // null: none is known yet

  // named: tokens by their names are in it, and no vocabulary is there to tell them.
  std::shared_ptr<grammar::Grammar> compile(bool& named) const {
    if (kind == "schema") return grammar::Grammar::schema(text, options);
    if (kind == "regex") return grammar::Grammar::regex(text);
    if (kind == "parts") return grammar::grammar_of(parts, options, *over->get());
    if (kind == "choices") return grammar::Grammar::choices(choices);
    const auto words = over ? over->get() : nullptr;
    const grammar::TokenNames names = [&](std::string_view name) {
      named = named || !words;
      return words ? words->named(name) : 0;
    };
    return kind == "lark" ? grammar::Grammar::lark(text, names, options) : grammar::Grammar::gbnf(text, names);
  }
};

template <size_t N>
std::array<std::string, N> array_of(const Napi::Value& list) {
  std::array<std::string, N> out;
  size_t i = 0;
  for (std::string& text : texts_of(list)) out[i++] = std::move(text);
  return out;
}

grammar::Properties properties_of(const Napi::Object& from) {
  return {.first = text_of(from, "first"),
          .none = text_of(from, "none"),
          .open = text_of(from, "open"),
          .behind_key = array_of<grammar::value_kinds>(from.Get("behindKey")),
          .behind = array_of<grammar::value_kinds>(from.Get("behind")),
          .between = text_of(from, "between"),
          .raw = flag_of(from, "raw"),
          .close = text_of(from, "close"),
          .told = flag_of(from, "told"),
          .texts = texts_of(from.Get("texts")),
          .lines = flag_of(from, "lines"),
          .literals = flag_of(from, "literals")};
}

grammar::Writing writing_of(const Napi::Object& from) {
  using Values = grammar::Writing::Values;
  grammar::Writing out;
  const std::string values = text_of(from, "values");
  out.values = values == "python" ? Values::python : values == "marked" ? Values::marked : Values::json;
  if (out.values == Values::marked) out.mark = text_of(from, "mark");
  out.sorted = flag_of(from, "sorted");
  if (from.Get("apart").IsObject()) out.apart = properties_of(from.Get("apart").As<Napi::Object>());
  return out;
}

grammar::Part part_of(const Napi::Object& from) {
  using Kind = grammar::Part::Kind;
  const auto list = [&](Kind kind, const char* name) {
    grammar::Part out{.kind = kind};
    for_each(from.Get(name), [&](const Napi::Value& v) { out.parts.push_back(part_of(v.As<Napi::Object>())); });
    return out;
  };
  if (from.Has("all")) return list(Kind::sequence, "all");
  if (from.Has("any")) return list(Kind::choice, "any");
  if (from.Has("repeat")) return list(Kind::repeat, "repeat");
  if (from.Has("end")) return {.kind = Kind::end, .text = text_of(from, "end")};
  if (from.Has("pattern")) return {.kind = Kind::pattern, .text = text_of(from, "pattern")};
  if (from.Has("text")) return {.kind = Kind::text, .text = text_of(from, "text")};
  grammar::Part out{
      .kind = Kind::schema, .text = text_of(from, "schema"), .where = text_of(from, "where"), .any_space = flag_of(from, "anySpace")};
  if (from.Get("writing").IsObject()) out.writing = writing_of(from.Get("writing").As<Napi::Object>());
  return out;
}

// Why a grammar cannot be compiled; of a schema also where.
struct Refusal {
  Error error;
  std::string keyword, pointer;
};

struct Named {};  // a grammar with names of tokens, and no vocabulary yet

using Compiled = std::variant<Binding, Refusal, Named>;

Compiled compiled(const Source& source) {
  try {
    bool named = false;
    const std::shared_ptr<grammar::Grammar> grammar = source.compile(named);
    if (named) return Named{};
    return std::make_shared<grammar::Binding>(grammar);
  } catch (const grammar::SchemaError& e) {
    return Refusal{e, e.keyword(), e.pointer()};
  } catch (...) {
    return Refusal{current_error(), {}, {}};
  }
}

Napi::Value compiled_to_js(Napi::Env env, const Compiled& found, double us) {
  const Napi::Object out = Napi::Object::New(env);
  out.Set("compileUs", Napi::Number::New(env, us));
  if (const Refusal* refusal = std::get_if<Refusal>(&found)) {
    out.Set("code", text_to_js(env, code_name(refusal->error.code())));
    out.Set("message", text_to_js(env, refusal->error.what()));
    if (refusal->error.code() != Code::schema) return out;
    out.Set("keyword", text_to_js(env, refusal->keyword));
    out.Set("pointer", text_to_js(env, refusal->pointer));
    return out;
  }
  if (std::holds_alternative<Named>(found)) return out;
  Napi::MemoryManagement::AdjustExternalMemory(env, least_memory);
  const auto handle = Napi::External<Binding>::New(env, new Binding(std::get<Binding>(found)), [](Napi::Env of, const Binding* held) {
    Napi::MemoryManagement::AdjustExternalMemory(of, -least_memory);
    delete held;
  });
  handle.TypeTag(&grammar_tag);
  out.Set("handle", handle);
  return out;
}

// What a vocabulary and a grammar are asked.
struct Questions {
  struct Walk {
    grammar::Walk of;
    std::optional<std::string> text;  // to be encoded, in place of ids
  };
  std::vector<Walk> walks;
  std::vector<std::vector<int32_t>> prefixes;
  std::vector<uint64_t> seeds;
  size_t most = 0;
  std::vector<std::pair<int32_t, double>> weights;
};

Questions questions_of(const Napi::Object& from) {
  Questions out;
  for_each(from.Get("walks"), [&](const Napi::Value& v) {
    const Napi::Object walk = v.As<Napi::Object>();
    Questions::Walk& one = out.walks.emplace_back();
    if (walk.Get("text").IsString())
      one.text = text_of(walk, "text");
    else
      one.of.ids = ids_of(walk.Get("ids"));
    if (walk.Get("detours").IsNumber()) one.of.detours = static_cast<uint64_t>(number_of(walk, "detours"));
  });
  for_each(from.Get("prefixes"), [&](const Napi::Value& v) { out.prefixes.push_back(ids_of(v)); });
  for_each(from.Get("seeds"),
           [&](const Napi::Value& v) { out.seeds.push_back(static_cast<uint64_t>(v.As<Napi::Number>().DoubleValue())); });
  out.most = static_cast<size_t>(integer_of(from, "maxTokens"));
  for_each(from.Get("weights"), [&](const Napi::Value& v) {
    const Napi::Object pair = v.As<Napi::Object>();
    out.weights.emplace_back(pair.Get(0u).As<Napi::Number>().Int32Value(), pair.Get(1u).As<Napi::Number>().DoubleValue());
  });
  return out;
}

struct Answers {
  std::vector<grammar::Walked> walks;
  std::vector<size_t> lengths;  // of each in tokens
  std::vector<std::vector<uint64_t>> masks;
  std::vector<grammar::Drawn> samples;
  size_t vocabulary = 0;
};

Answers answered(const Questions& asked, const tokenize::Tokenizer& tokenizer, grammar::Masks& masks) {
  Answers out;
  out.vocabulary = static_cast<size_t>(masks.vocabulary().size());
  for (const Questions::Walk& w : asked.walks) {
    grammar::Walk of = w.of;
    if (w.text) of.ids = tokenizer.encode(*w.text, false);
    out.lengths.push_back(of.ids.size());
    out.walks.push_back(grammar::walk(masks, of));
  }
  for (const std::vector<int32_t>& prefix : asked.prefixes) out.masks.push_back(grammar::mask_behind(masks, prefix));
  for (const uint64_t seed : asked.seeds) out.samples.push_back(grammar::draw(masks, {seed, asked.most, asked.weights}));
  return out;
}

template <class T>
Napi::Array numbers_to_js(Napi::Env env, const std::vector<T>& values) {
  const Napi::Array out = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); i++) out.Set(i, Napi::Number::New(env, static_cast<double>(values[i])));
  return out;
}

Napi::Value index_to_js(Napi::Env env, const std::optional<uint32_t>& index) {
  return index ? Napi::Value(Napi::Number::New(env, *index)) : env.Null();
}

Napi::Object walked_to_js(Napi::Env env, const grammar::Walked& walked, size_t tokens) {
  const Napi::Object out = Napi::Object::New(env);
  out.Set("tokens", Napi::Number::New(env, static_cast<double>(tokens)));
  out.Set("refusedAt", index_to_js(env, walked.refused));
  out.Set("end", Napi::Boolean::New(env, walked.end));
  out.Set("ends", numbers_to_js(env, walked.ends));
  out.Set("dead", index_to_js(env, walked.dead));
  out.Set("maskUs", numbers_to_js(env, walked.mask_us));
  return out;
}

Napi::Value answers_to_js(Napi::Env env, const Answers& answers) {
  const Napi::Array walks = Napi::Array::New(env), masks = Napi::Array::New(env), samples = Napi::Array::New(env);
  for (uint32_t i = 0; i < answers.walks.size(); i++) walks.Set(i, walked_to_js(env, answers.walks[i], answers.lengths[i]));
  for (const std::vector<uint64_t>& mask : answers.masks) {
    Napi::Uint8Array bits = Napi::Uint8Array::New(env, (answers.vocabulary + 7) / 8);
    for (size_t i = 0; i < bits.ByteLength(); i++) bits[i] = static_cast<uint8_t>(mask[i / 8] >> (8 * (i % 8)));
    masks.Set(masks.Length(), bits);
  }
  for (const grammar::Drawn& drawn : answers.samples) {
    const Napi::Object one = Napi::Object::New(env);
    one.Set("ids", ids_to_js(env, drawn.ids));
    one.Set("complete", Napi::Boolean::New(env, drawn.complete));
    one.Set("stuck", Napi::Boolean::New(env, drawn.stuck));
    samples.Set(samples.Length(), one);
  }
  const Napi::Object out = Napi::Object::New(env);
  out.Set("walks", walks);
  out.Set("masks", masks);
  out.Set("samples", samples);
  return out;
}

}  // namespace

Napi::Value compile_grammar(Info info, std::shared_ptr<grammar::LazyVocabulary> vocabulary) {
  Source source;
  source.over = std::move(vocabulary);
  source.kind = text_of(info[1]);
  if (source.kind == "choices")
    source.choices = texts_of(info[2]);
  else if (source.kind == "parts")
    source.parts = part_of(info[2].As<Napi::Object>());
  else
    source.text = text_of(info[2]);
  const Napi::Object options = info[3].As<Napi::Object>();
  source.options.draft7 = flag_of(options, "draft7");
  source.options.any_space = flag_of(options, "anySpace");
  return start_job(info, [source = std::move(source)](const Progress&) -> Job::Result {
    run_in_background();  // a thousand requests may bring a schema each: those that are answered go on
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    Compiled found = compiled(source);
    const double us = std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
    return [found = std::move(found), us](Napi::Env env) { return compiled_to_js(env, found, us); };
  });
}

Binding binding_of(const Napi::Value& handle) {
  if (!handle.IsExternal() || !handle.As<Napi::External<Binding>>().CheckTypeTag(&grammar_tag))
    throw Error(Code::argument, "expected the handle of a grammar");
  return *handle.As<Napi::External<Binding>>().Data();
}

Napi::Value check_grammar(Info info, std::shared_ptr<const tokenize::Tokenizer> tokenizer,
                          std::shared_ptr<grammar::LazyVocabulary> vocabulary) {
  return start_job(info,
                   [binding = binding_of(info[2]), asked = questions_of(info[3].As<Napi::Object>()), tokenizer = std::move(tokenizer),
                    vocabulary = std::move(vocabulary)](const Progress&) -> Job::Result {
                     const std::shared_ptr<grammar::Masks> masks = vocabulary->masks(binding);
                     return [answers = answered(asked, *tokenizer, *masks)](Napi::Env env) { return answers_to_js(env, answers); };
                   });
}

}  // namespace lt::addon
