#include "convert/vocabulary.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/text.h"

namespace lt::convert {
namespace {

constexpr uint64_t largest = 256'000'000;  // bytes of a file

// A token's text, written as a string or as an object with its content.
std::string_view content_of(const json::Value& v) { return (v.is(json::Kind::object) ? v["content"] : v).string().value_or(""); }

// Tokens that the other files add: tokenizer_config.json has them by id, added_tokens.json by text.
void add_tokens(const Config& config, const Config& added, Vocabulary& to) {
  const auto add = [&](int64_t id, std::string_view text, bool special, const json::Value& said) {
    Token& token = to.at(id);
    if (token.kind != Kind::unused || text.empty()) return;
    token.text = text;
    token.kind = special ? Kind::control : Kind::user_defined;
    if (to.encoding) to.encoding->added.push_back({token.text, static_cast<uint32_t>(id), flags_of(said, special) | AddedToken::apart});
  };
  for (const json::Member m : config["added_tokens_decoder"]) {
    const std::string key(m.key);
    if (key.empty() || key.size() > 8 || key.find_first_not_of("0123456789") != std::string::npos)
      config.fail("added_tokens_decoder", "expected ids, found " + shown(key));
    add(std::stoll(key), content_of(m.value), m.value["special"].boolean().value_or(false), m.value);
  }
  for (const json::Member m : added.root())
    if (const auto id = m.value.integer()) add(*id, m.key, false, {});
}

// User-defined SentencePiece tokens are met in text whose spaces are marked already.
void spell_spaces_plainly(Vocabulary& v) {
  constexpr std::string_view space = "\xe2\x96\x81";
  for (Token& t : v.tokens)
    for (size_t at = 0; t.kind == Kind::user_defined && (at = t.text.find(space, at)) != std::string::npos;)
      t.text.replace(at, space.size(), " ");
}

// Whether tokenizer.model has the tokens that tokenizer.json has: then its scores are theirs.
bool same_texts(const Vocabulary& stored, const Vocabulary& v) {
  if (v.model != "llama" || stored.tokens.size() > v.tokens.size()) return false;
  for (size_t i = 0; i < stored.tokens.size(); i++)
    if (stored.tokens[i].text != v.tokens[i].text) return false;
  return true;
}

Vocabulary read(const std::string& folder, const Config& tokenizer_config) {
  const Config file(folder, "tokenizer.json", largest), added(folder, "added_tokens.json", largest);
  using Reader = Vocabulary (*)(std::string_view text);
  for (const auto& [name, reader] :
       {std::pair<const char*, Reader>{"tokenizer.jsonl", read_listed}, {"rwkv_vocab_v20230424.txt", read_world}})
    if (const auto listed = safetensors::naming(name, [&] { return safetensors::Text::open(folder, name, largest); }))
      return safetensors::naming(name, [&] { return reader(listed->text()); });
  const char* model = "tokenizer.model";
  auto pieces = safetensors::naming(model, [&] { return safetensors::Text::open(folder, model, largest); });
  if (!pieces && !file.found()) {
    constexpr const char* other = "spiece.model";
    if ((pieces = safetensors::naming(other, [&] { return safetensors::Text::open(folder, other, largest); }))) model = other;
  }
  if (!pieces && !file.found()) throw Error(Code::file, "expected tokenizer.json or tokenizer.model, found neither");
  Vocabulary out;
  if (file.found()) out = read_tokenizer(file);
  if (pieces) {
    const Vocabulary stored = safetensors::naming(model, [&] { return read_sentencepiece(pieces->text()); });
    if (!file.found()) {
      safetensors::naming(model, [&] { check_sentencepiece(pieces->text()); });
      out = stored;
      out.pieces = static_cast<uint32_t>(stored.tokens.size());
    } else if (same_texts(stored, out)) {
      for (size_t i = 0; i < stored.tokens.size(); i++) out.tokens[i].score = stored.tokens[i].score;
    }
  }
  add_tokens(tokenizer_config, added, out);
  if (out.model == "llama" || (out.model == "t5" && !out.encoding)) spell_spaces_plainly(out);
  return out;
}

// Roles of tokens: in tokenizer_config.json NAME_token, in config.json NAME_token_id.
struct Role {
  std::string_view name, key;
};
constexpr std::array roles = {Role{"bos", "bos_token_id"},       Role{"eos", "eos_token_id"},     Role{"unk", "unknown_token_id"},
                              Role{"sep", "seperator_token_id"}, Role{"pad", "padding_token_id"}, Role{"mask", "mask_token_id"}};

class Roles {
 public:
  Roles(const std::string& folder, const Config& config, const Config& tokenizer_config, const Vocabulary& v)
      : config_(config), tokenizer_config_(tokenizer_config), special_(folder, "special_tokens_map.json", largest), v_(v) {}

  std::optional<uint32_t> id(std::string_view role) const {
    const std::string key = std::string(role) + "_token";
    for (const Config* from : {&tokenizer_config_, &special_})
      if (const std::string_view text = content_of((*from)[key]); !text.empty())
        if (const auto found = v_.find(text)) return found;
    if (const auto found = told(config_[key + "_id"])) return found;
    if (role == "unk" && (v_.model == "t5" || v_.model == "bert")) {
      const auto unknown = std::find_if(v_.tokens.begin(), v_.tokens.end(), [](const Token& t) { return t.kind == Kind::unknown; });
      return unknown == v_.tokens.end() ? std::nullopt : std::optional(static_cast<uint32_t>(unknown - v_.tokens.begin()));
    }
    // Where the text is put between others only.
    const std::string none, &text = role == "bos" ? v_.first : role == "eos" ? v_.last : none;
    return text.empty() ? std::nullopt : v_.find(text);
  }

 private:
  std::optional<uint32_t> told(json::Value number) const {
    if (number.is(json::Kind::array))  // several that end a generation: the first
      for (const json::Member m : number) {
        number = m.value;
        break;
      }
    const auto found = number.integer();
    return found && *found >= 0 && static_cast<size_t>(*found) < v_.tokens.size() ? std::optional(static_cast<uint32_t>(*found))
                                                                                  : std::nullopt;
  }

  const Config &config_, &tokenizer_config_;
  const Config special_;
  const Vocabulary& v_;
};

void put_tokens(const Vocabulary& v, std::vector<gguf::Field>& fields) {
  std::vector<std::string> texts;
  std::vector<int32_t> kinds;
  std::vector<float> scores;
  for (const Token& t : v.tokens) {
    texts.push_back(t.text);
    kinds.push_back(static_cast<int32_t>(t.kind));
    scores.push_back(t.score);
  }
  fields.push_back(gguf::field("tokenizer.ggml.model", v.model));
  fields.push_back(gguf::field("tokenizer.ggml.pre", v.model == "gpt2" ? v.pre : "default"));
  fields.push_back(gguf::field("tokenizer.ggml.tokens", std::span<const std::string>(texts)));
  const bool scored = v.model == "llama" || v.model == "t5" || v.model == "plamo2";
  if (scored) fields.push_back(gguf::field("tokenizer.ggml.scores", std::span<const float>(scores)));
  fields.push_back(gguf::field("tokenizer.ggml.token_type", std::span<const int32_t>(kinds)));
  if (v.model == "gpt2" || (v.model == "llama" && v.encoding))
    fields.push_back(gguf::field("tokenizer.ggml.merges", std::span<const std::string>(v.merges)));
  if (v.encoding && v.encoding->needed()) v.encoding->put(fields);
  if (v.joins_spaces) fields.push_back(gguf::field("tokenizer.ggml.remove_extra_whitespaces", true));
  if (!v.character_map.empty())
    fields.push_back(gguf::field("tokenizer.ggml.precompiled_charsmap", std::span<const uint8_t>(v.character_map)));
  if (v.pieces) fields.push_back(gguf::field("tokenizer.sentencepiece.pieces", *v.pieces));
  if (v.falls_to_bytes && v.model == "t5") fields.push_back(gguf::field("tokenizer.huggingface.byte_fallback", true));
}

// Whether the token of a role is put before or behind a text: as tokenizer_config.json says, else tokenizer.json's template.
bool adds(const Config& tokenizer_config, const Vocabulary& v, const std::string& role, std::optional<uint32_t> id, std::string_view text,
          std::optional<bool> fallback) {
  if (const auto said = tokenizer_config.boolean("add_" + role + "_token")) return *said;
  if (role == "bos" ? v.several_first : v.several_last)
    throw Error(Code::unsupported,
                "tokenizer.json: post_processor: a template of more than one token before or behind the text is not built; "
                "add_" +
                    role + "_token in tokenizer_config.json says whether the token itself is put there");
  if (!text.empty()) return id && v.tokens[*id].text == text;
  return fallback.value_or(false);
}

}  // namespace

namespace {

// The ids that end a generation, as one file says them: a number or a list.
void read_ends(const Config& from, size_t tokens, std::vector<uint32_t>& ends) {
  constexpr const char* key = "eos_token_id";
  const json::Value said = from[key];
  if (!said) return;
  const auto add = [&](const json::Value& value) {
    const auto id = value.integer();
    if (!id || *id < 0 || static_cast<size_t>(*id) >= tokens)
      from.fail(key, "expected a token id from 0 to " + std::to_string(tokens - 1) + ", or a list of such, found " +
                         (id ? std::to_string(*id) : "something else"));
    if (std::find(ends.begin(), ends.end(), static_cast<uint32_t>(*id)) == ends.end()) ends.push_back(static_cast<uint32_t>(*id));
  };
  if (!said.is(json::Kind::array)) return add(said);
  for (const json::Member m : said) add(m.value);
}

// GGUF has keys for one token that ends a text (eos), one that ends a turn (eot) and one that ends a message (eom); all of several are in
// a list of ours beside them.
void put_ends(const std::string& folder, const Config& config, const Vocabulary& v, std::optional<uint32_t> eos,
              std::vector<gguf::Field>& fields) {
  std::vector<uint32_t> ends;
  read_ends(Config(folder, "generation_config.json", largest), v.tokens.size(), ends);
  read_ends(config, v.tokens.size(), ends);
  if (!eos && !ends.empty()) fields.push_back(gguf::field("tokenizer.ggml.eos_token_id", *(eos = ends.front())));
  std::erase_if(ends, [&](uint32_t id) { return id == eos; });
  if (ends.empty()) return;
  std::vector<uint32_t> others, of_messages;
  for (const uint32_t id : ends) (v.tokens[id].text.find("eom") == std::string::npos ? others : of_messages).push_back(id);
  others.insert(others.end(), of_messages.begin(), of_messages.end());
  fields.push_back(gguf::field("tokenizer.ggml.eot_token_id", others.front()));
  if (others.size() > 1) fields.push_back(gguf::field("tokenizer.ggml.eom_token_id", others.back()));
  ends.insert(ends.begin(), *eos);
  fields.push_back(gguf::field("tokenizer.huggingface.eos_token_ids", std::span<const uint32_t>(ends)));
}

}  // namespace

namespace {

// Tokens of fill-in-the-middle prompts by the names that model makers gave them; llama.cpp finds them by these, too.
struct FillToken {
  std::string_view key;
  std::array<std::string_view, 8> names;
};
constexpr FillToken fill_marks[] = {
    {"fim_pre", {"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "▁<PRE>", "<PRE>", "<|code_prefix|>", "<|prefix|>"}},
    {"fim_suf", {"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "▁<SUF>", "<SUF>", "<|code_suffix|>", "<|suffix|>"}},
    {"fim_mid", {"<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "▁<MID>", "<MID>", "<|code_middle|>", "<|middle|>"}},
};
constexpr FillToken fill_ends[] = {
    {"fim_pad", {"<|fim_pad|>", "<fim-pad>", "<fim_pad>"}},
    {"fim_rep", {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<fim_repo>", "<repo_name>", "<reponame>"}},
    {"fim_sep", {"<|file_sep|>", "<|file_separator|>", "<file_sep>"}},
};

// All of one family or none: of a model without the three marks, what stands between files is no matter of infilling.
void put_fill_tokens(const Vocabulary& v, std::vector<gguf::Field>& fields) {
  const auto put = [&](std::string_view key, uint32_t id) {
    fields.push_back(gguf::field("tokenizer.ggml." + std::string(key) + "_token_id", id));
  };
  for (size_t family = 0; family < fill_marks[0].names.size(); family++) {
    std::array<std::optional<uint32_t>, 3> ids;
    for (size_t i = 0; i < ids.size(); i++) ids[i] = v.find(fill_marks[i].names[family]);
    if (!ids[0] || !ids[1] || !ids[2]) continue;
    for (size_t i = 0; i < ids.size(); i++) put(fill_marks[i].key, *ids[i]);
    for (const FillToken& token : fill_ends) {
      std::optional<uint32_t> id;
      for (const std::string_view name : token.names)
        if (!id && !name.empty()) id = v.find(name);
      if (id) put(token.key, *id);
    }
    return;
  }
}

}  // namespace

void describe_vocabulary(const std::string& folder, const Config& config, int64_t size, std::vector<gguf::Field>& fields) {
  const Config tokenizer_config(folder, "tokenizer_config.json", largest);
  Vocabulary v = read(folder, tokenizer_config);
  if (static_cast<int64_t>(v.tokens.size()) > size)
    config.fail("vocab_size",
                "expected at least the " + std::to_string(v.tokens.size()) + " tokens of the tokenizer, found " + std::to_string(size));
  v.tokens.resize(static_cast<size_t>(size));
  if (v.encoding && !v.encoding->scores.empty()) v.encoding->scores.resize(v.tokens.size());
  for (size_t i = 0; i < v.tokens.size(); i++)
    if (v.tokens[i].kind == Kind::unused && v.tokens[i].text.empty()) v.tokens[i].text = "[PAD" + std::to_string(i) + "]";
  put_tokens(v, fields);

  const Roles of(folder, config, tokenizer_config, v);
  for (const Role& role : roles)
    if (const auto id = of.id(role.name)) fields.push_back(gguf::field("tokenizer.ggml." + std::string(role.key), *id));
  put_ends(folder, config, v, of.id("eos"), fields);
  put_fill_tokens(v, fields);
  fields.push_back(gguf::field("tokenizer.ggml.add_bos_token", adds(tokenizer_config, v, "bos", of.id("bos"), v.first, v.add_bos)));
  fields.push_back(gguf::field("tokenizer.ggml.add_eos_token", adds(tokenizer_config, v, "eos", of.id("eos"), v.last, v.add_eos)));
  if (v.space_prefix)
    fields.push_back(gguf::field("tokenizer.ggml.add_space_prefix", tokenizer_config.boolean("add_prefix_space", *v.space_prefix)));
  describe_templates(folder, tokenizer_config, fields);
}

}  // namespace lt::convert
