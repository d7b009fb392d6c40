// Files that say the same in other words give the same logits; what is not run is refused by its name; weights are counted by part.
#include <cstring>

#include "check/forward.h"
#include "check/golden.h"
#include "check/temporary.h"
#include "gguf/writer.h"
#include "model/model.h"
#include "quant/bf16.h"
#include "quant/mxfp4.h"
#include "quant/type.h"

namespace lt::check {
namespace {

using gguf::field;

// A golden model's file, to be changed and written anew.
class Edited {
 public:
  struct Weight {
    gguf::Planned planned;
    std::vector<uint8_t> bytes;
  };

  explicit Edited(const std::string& name) {
    const auto file = gguf::File::open(golden_file(name, "/model-bf16.gguf"));
    fields = gguf::fields_of(*file);
    for (const gguf::HostTensor& t : file->tensors()) {
      const auto* from = static_cast<const uint8_t*>(t.data);
      weights.push_back({{std::string(t.name), t.type, {t.dims.begin(), t.dims.begin() + t.n_dims}}, {from, from + t.bytes}});
    }
  }

  Weight& weight(const std::string& name) {
    const auto at = std::find_if(weights.begin(), weights.end(), [&](const Weight& w) { return w.planned.name == name; });
    CHECK_THAT(at != weights.end(), "no tensor " << name);
    return *at;
  }
  Weight take(const std::string& name) {
    Weight taken = weight(name);
    std::erase_if(weights, [&](const Weight& w) { return w.planned.name == name; });
    return taken;
  }
  void remove(const std::string& key) {
    std::erase_if(fields, [&](const gguf::Field& f) { return f.key == key; });
  }

  std::shared_ptr<const gguf::File> open() {
    std::vector<gguf::Planned> planned;
    for (const Weight& w : weights) planned.push_back(w.planned);
    const std::string path = folder_.at("model.gguf");
    gguf::Writer out(path, fields, planned);
    for (size_t i = 0; i < weights.size(); i++) out.append(i, weights[i].bytes);
    out.finish();
    return gguf::File::open(path);
  }

  std::vector<gguf::Field> fields;
  std::vector<Weight> weights;

 private:
  Temporary folder_;
};

std::vector<float> logits(const gguf::File& file, const std::string& name, int64_t context = 0) {
  const auto backend = open_backend("ref", {});
  return forward(*model::load(file, *backend, {.context = context}), *backend, golden_ids(name), Type::f32);
}

// The same bits as the file as it is.
void check_same(Edited& edited, const std::string& name) {
  CHECK(same_bits(logits(*edited.open(), name), logits(*gguf::File::open(golden_file(name, "/model-bf16.gguf")), name)));
}

// Throws Code::unsupported, `text` in its message.
void check_refused(Edited& edited, const std::string& text) {
  const auto backend = open_backend("ref", {});
  try {
    model::load(*edited.open(), *backend);
  } catch (const Error& e) {
    CHECK_THAT(e.code() == Code::unsupported, e.what());
    CHECK_THAT(std::string(e.what()).find(text) != std::string::npos, e.what());
    return;
  }
  CHECK_THAT(false, "expected " << text << " to be refused");
}

// (rows, cols) of BF16, the other way round.
std::vector<uint8_t> transposed(const uint8_t* from, int64_t rows, int64_t cols) {
  std::vector<uint8_t> to(static_cast<size_t>(rows * cols * 2));
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < cols; c++) std::memcpy(&to[static_cast<size_t>((c * rows + r) * 2)], from + (r * cols + c) * 2, 2);
  return to;
}

// attn_k_b and attn_v_b as one tensor: of each head its plain key columns by the latent, and below them its value's.
void join_heads(Edited& file, int64_t layer) {
  const std::string b = model::block(layer);
  const Edited::Weight k = file.take(b + "attn_k_b.weight"), v = file.take(b + "attn_v_b.weight");
  const int64_t plain = k.planned.dims[0], latent = k.planned.dims[1], heads = k.planned.dims[2], value = v.planned.dims[1];
  Edited::Weight both{{b + "attn_kv_b.weight", Type::bf16, {latent, heads * (plain + value)}}, {}};
  for (int64_t h = 0; h < heads; h++) {
    const auto keys = transposed(k.bytes.data() + h * latent * plain * 2, latent, plain);
    both.bytes.insert(both.bytes.end(), keys.begin(), keys.end());
    const auto values = v.bytes.begin() + h * value * latent * 2;
    both.bytes.insert(both.bytes.end(), values, values + value * latent * 2);
  }
  file.weights.push_back(both);
}

CHECK_CASE("model/latent attention's two matrices of a head may be in one tensor, as older files have them") {
  for (const std::string name : {"deepseek2-v2", "golden2/hf/glm4moelite"}) {
    Edited file(name);
    for (int64_t i = 0; i < 3; i++) join_heads(file, i);
    check_same(file, name);
  }
}

CHECK_CASE("model/layers that draft further tokens are left unread") {
  Edited file("qwen35");
  put(file.fields, field("qwen35.block_count", uint32_t{5}));
  put(file.fields, field("qwen35.nextn_predict_layers", uint32_t{1}));
  Edited::Weight draft = file.weight("blk.0.attn_norm.weight");
  for (const char* name : {"blk.4.attn_norm.weight", "blk.4.nextn.enorm.weight"}) {
    draft.planned.name = name;
    file.weights.push_back(draft);
  }
  check_same(file, "qwen35");
}

CHECK_CASE("model/what layers differ in is a list, a number or known") {
  Edited listed("gemma3");
  const bool slides[] = {true, true, true, true, true, false};
  const uint32_t heads[] = {2, 2, 2, 2, 2, 2}, columns[] = {128, 128, 128, 128, 128, 128};
  put(listed.fields, field("gemma3.attention.sliding_window_pattern", std::span<const bool>(slides)));
  put(listed.fields, field("gemma3.attention.head_count_kv", std::span<const uint32_t>(heads)));
  put(listed.fields, field("gemma3.feed_forward_length", std::span<const uint32_t>(columns)));
  check_same(listed, "gemma3");
  Edited numbered("gemma3");
  put(numbered.fields, field("gemma3.attention.sliding_window_pattern", uint32_t{6}));
  check_same(numbered, "gemma3");
  Edited bert("modern-bert");
  const bool windows[] = {false, true, true, false};
  put(bert.fields, field("modern-bert.attention.sliding_window_pattern", std::span<const bool>(windows)));
  check_same(bert, "modern-bert");
  Edited known("qwen3next");
  known.remove("qwen3next.attention.recurrent_layers");
  known.remove("qwen3next.full_attention_interval");
  check_same(known, "qwen3next");
}

CHECK_CASE("model/long-rope's table is that of the context") {
  const std::string name = "phi3-longrope";
  const auto file = gguf::File::open(golden_file(name, "/model-bf16.gguf"));
  constexpr int64_t original = 64, trained = 128;
  Edited swapped(name);
  Edited::Weight &near = swapped.weight("rope_factors_short.weight"), &far = swapped.weight("rope_factors_long.weight");
  std::swap(near.bytes, far.bytes);
  CHECK(same_bits(logits(*file, name, original), logits(*swapped.open(), name, original + 1)));
  CHECK(same_bits(logits(*file, name, trained), logits(*swapped.open(), name, original)));
  CHECK(same_bits(logits(*file, name), logits(*file, name, 2 * trained)));
  CHECK(!same_bits(logits(*file, name), logits(*file, name, original)));
}

// A llama of two layers under deci's name, with lists of what its layers have.
void make_deci(Edited& file, std::initializer_list<uint32_t> heads, std::initializer_list<uint32_t> kv_heads,
               std::initializer_list<uint32_t> columns) {
  put(file.fields, field("general.architecture", "deci"));
  for (gguf::Field& f : file.fields)
    if (f.key.starts_with("llama.")) f.key.replace(0, 5, "deci");
  put(file.fields, field("deci.attention.key_length", uint32_t{16}));
  put(file.fields, field("deci.attention.value_length", uint32_t{16}));
  put(file.fields, field("deci.attention.head_count", std::span(heads.begin(), heads.size())));
  put(file.fields, field("deci.attention.head_count_kv", std::span(kv_heads.begin(), kv_heads.size())));
  put(file.fields, field("deci.feed_forward_length", std::span(columns.begin(), columns.size())));
}

CHECK_CASE("model/layers of deci have their own heads and columns, or no attention, or no feed-forward") {
  const auto whole = gguf::File::open(golden_file("llama", "/model-bf16.gguf"));
  Edited plain("llama");
  make_deci(plain, {4, 4}, {2, 2}, {128, 128});
  CHECK(same_bits(logits(*plain.open(), "llama"), logits(*whole, "llama")));

  Edited zeros("llama"), fewer("llama");
  make_deci(fewer, {0, 4}, {0, 2}, {128, 0});
  for (const char* name : {"blk.0.attn_output.weight", "blk.1.ffn_down.weight"})
    std::fill(zeros.weight(name).bytes.begin(), zeros.weight(name).bytes.end(), uint8_t{0});
  for (const char* name : {"attn_norm", "attn_q", "attn_k", "attn_v", "attn_output"}) fewer.take("blk.0." + std::string(name) + ".weight");
  for (const char* name : {"ffn_norm", "ffn_gate", "ffn_up", "ffn_down"}) fewer.take("blk.1." + std::string(name) + ".weight");
  CHECK(same_bits(logits(*fewer.open(), "llama"), logits(*zeros.open(), "llama")));

  Edited linear("llama");
  make_deci(linear, {4, 4}, {2, 0}, {128, 128});
  check_refused(linear, "deci.attention.head_count_kv");
}

CHECK_CASE("model/MXFP4 experts are the numbers that their blocks say") {
  const std::string name = "gpt-oss";
  Edited blocks(name), numbers(name);
  uint32_t random = 1;
  for (Edited::Weight& w : blocks.weights) {
    if (w.planned.name.find("_exps.weight") == std::string::npos) continue;
    const int64_t count = w.planned.dims[0] * w.planned.dims[1] * w.planned.dims[2];
    std::vector<quant::MXFP4::Block> made(static_cast<size_t>(count / quant::MXFP4::values));
    for (quant::MXFP4::Block& b : made) {
      for (uint8_t& q : b.qs) q = static_cast<uint8_t>((random = random * 1664525 + 1013904223) >> 24);
      b.e = static_cast<uint8_t>(118 + b.qs[0] % 4);
    }
    std::vector<float> decoded(static_cast<size_t>(count));
    quant::info(quant::MXFP4::id).dequantize(decoded.data(), made.data(), count);
    const auto bytes = [](const auto& v) {
      const auto* from = reinterpret_cast<const uint8_t*>(v.data());
      return std::vector<uint8_t>(from, from + v.size() * sizeof v[0]);
    };
    w.planned.type = quant::MXFP4::id, w.bytes = bytes(made);
    numbers.weight(w.planned.name) = {{w.planned.name, Type::f32, w.planned.dims}, bytes(decoded)};
  }
  CHECK(same_bits(logits(*blocks.open(), name), logits(*numbers.open(), name)));
}

CHECK_CASE("model/experts' gates and what they scale may be in one tensor or two") {
  Edited file("gemma4-moe");
  for (int64_t i = 0; i < 8; i++) {
    const std::string b = "blk." + std::to_string(i) + ".ffn_";
    const Edited::Weight both = file.take(b + "gate_up_exps.weight");
    const auto experts = static_cast<size_t>(both.planned.dims[2]);
    const size_t half = both.bytes.size() / experts / 2;
    for (const size_t part : {0, 1}) {
      Edited::Weight one = both;
      one.planned.name = b + (part == 0 ? "gate" : "up") + "_exps.weight";
      one.planned.dims[1] /= 2;
      one.bytes.clear();
      for (size_t e = 0; e < experts; e++) {
        const auto from = both.bytes.begin() + static_cast<int64_t>((2 * e + part) * half);
        one.bytes.insert(one.bytes.end(), from, from + static_cast<int64_t>(half));
      }
      file.weights.push_back(std::move(one));
    }
  }
  check_same(file, "gemma4-moe");
}

CHECK_CASE("model/keys of layers that read others' are left unread") {
  for (const std::string name : {"gemma3n", "gemma4"}) {
    Edited file(name);
    for (const char* part : {"attn_k", "attn_v", "attn_k_norm"}) {
      Edited::Weight unused = file.weight("blk.0." + std::string(part) + ".weight");
      unused.planned.name = "blk.6." + std::string(part) + ".weight";
      file.weights.push_back(std::move(unused));
    }
    check_same(file, name);
  }
}

CHECK_CASE("model/an unknown architecture is refused with those known and the nearest of them") {
  for (const auto& [found, nearest] : {std::pair{"gemma-4", "gemma4"}, {"Qwen3", "qwen3"}, {"modernbert", "modern-bert"}}) {
    Edited file("gemma4");
    put(file.fields, field("general.architecture", found));
    check_refused(file, "bitnet, ");
    check_refused(file, ("found \"" + std::string(found) + "\"; the nearest of them is " + nearest).c_str());
  }
}

CHECK_CASE("model/what is not run is refused by its name") {
  const auto refused = [](const char* name, const gguf::Field& f, const char* text) {
    Edited file(name);
    put(file.fields, f);
    check_refused(file, text);
  };
  refused("golden2/hf/baichuan7", field("baichuan.block_count", uint32_t{31}), "baichuan.block_count");
  refused("phi3", field("phi3.expert_count", uint32_t{16}), "phi3.expert_count");
  refused("qwen3", field("qwen3.expert_count", uint32_t{4}), "qwen3.expert_count");
  refused("llama", field("llama.rope.scaling.type", "longrope"), "llama.rope.scaling.type");
  refused("deepseek2-v2", field("deepseek2.expert_gating_func", uint32_t{3}), "deepseek2.expert_gating_func");
  refused("gemma4", field("gemma4.attention.shared_kv_layers", uint32_t{6}), "gemma4.attention.shared_kv_layers");
  refused("modern-bert", field("modern-bert.hidden_activation", "relu"), "modern-bert.hidden_activation");
  refused("modern-bert", field("modern-bert.attention.causal", true), "modern-bert.attention.causal");
  Edited fused("qwen3next");
  fused.weight("blk.0.attn_qkv.weight").planned.name = "blk.0.ssm_in.weight";
  check_refused(fused, "blk.0.ssm_in.weight");
  Edited extra("gemma3");
  extra.weights.push_back(extra.weight("output_norm.weight"));
  extra.weights.back().planned.name = "blk.0.attn_other.weight";
  check_refused(extra, "blk.0.attn_other.weight");
}

model::WeightBytes counted(const gguf::File& file, const model::Section& part) {
  const auto backend = open_backend("ref", {});
  model::WeightBytes bytes;
  model::load(file, *backend, part, nullptr, &bytes);
  return bytes;
}

CHECK_CASE("model/weights are counted by the part that reads them, placed or not") {
  for (const std::string name : {"gemma3", "gpt-oss", "deepseek2-v3", "qwen35"}) {  // the first ties its head to the token table
    const auto file = gguf::File::open(golden_file(name, "/model-bf16.gguf"));
    const model::WeightBytes all = counted(*file, {}), none = counted(*file, {0, 0, false, false});
    CHECK(all.layers == none.layers && all.embed == none.embed && all.head == none.head);
    uint64_t sum = all.embed + all.head;
    for (const uint64_t layer : all.layers) sum += layer;
    for (const uint64_t experts : all.experts) sum += experts;
    CHECK(all.experts == none.experts && all.experts.empty() == (name == "gemma3" || name == "qwen35"));
    CHECK_THAT(sum == file->tensor_bytes(), name << ": " << sum << " of " << file->tensor_bytes());
    CHECK((name == "gemma3") == (all.head < all.embed));
  }
}

}  // namespace
}  // namespace lt::check
