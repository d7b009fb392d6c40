// Qwen3, dense, and what is made of it: Qwen3-Embedding, Qwen3-Reranker.
#include <algorithm>
#include <cctype>

#include "convert/decoder.h"
#include "convert/vocabulary.h"
#include "core/error.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to);
  describe_windows_by_layer(config, to);
}

constexpr uint64_t largest_text = 256'000'000;  // bytes of a file
constexpr std::string_view answers[] = {"yes", "no"};

// What the model was trained to be asked.
constexpr std::string_view question =
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the "
    "answer "
    "can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n<Instruct>: Given a web search query, retrieve relevant passages that "
    "answer "
    "the query\n<Query>: {query}\n<Document>: {document}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";

// Its config.json is any Qwen3's: the heading of its README.md tells, else the folder's name.
bool is_reranker(const FolderOf& folder) {
  if (const auto readme = safetensors::Text::open(folder.path, "README.md", largest_text))
    if (readme->text().find("# Qwen3-Reranker") != std::string_view::npos) return true;
  std::string name = folder.path;
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  name = name.substr(name.rfind('/') + 1);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.find("qwen3") != std::string::npos && name.find("rerank") != std::string::npos;
}

void describe_answers(const FolderOf& folder, Description& to) {
  const Vocabulary vocabulary = read_tokenizer(Config(folder.path, "tokenizer.json", largest_text));
  std::vector<std::string> labels;
  for (const std::string_view answer : answers) {
    const auto id = vocabulary.find(answer);
    if (!id)
      throw Error(Code::format, "tokenizer.json: expected a token \"" + std::string(answer) + "\" for a reranker's answer, found none");
    to.label_rows.push_back(*id);
    labels.emplace_back(answer);
  }
  to.put("pooling_type", uint32_t{4});
  to.put("classifier.output_labels", std::span<const std::string>(labels));
  const std::vector<std::string> templates = {"rerank"};
  to.fields.push_back(gguf::field("tokenizer.chat_template.rerank", question));
  to.fields.push_back(gguf::field("tokenizer.chat_templates", std::span<const std::string>(templates)));
}

std::vector<int64_t> answer_rows(const Description& d) { return d.label_rows; }

// The rows of the answers in place of the output's matrix.
Rules reranker_rules() {
  Rules rules = decoder_rules({}, head_norm_rules());
  std::erase_if(rules, [](const Rule& r) { return r.to == "output.weight"; });
  const Layout layout{.rows = answer_rows};
  rules.push_back({"lm_head.weight", "cls.output.weight", unties, {"vocabulary", "width"}, Change::none, layout});
  rules.push_back({"model.embed_tokens.weight", "cls.output.weight", ties, {"vocabulary", "width"}, Change::none, layout});
  return rules;
}

const std::vector<Renamed> bare_names = {{"embed_tokens.", "model.embed_tokens."}, {"layers.", "model.layers."}, {"norm.", "model.norm."}};

const Architecture qwen3{
    .name = "qwen3",
    .classes = {"Qwen3ForCausalLM", "Qwen3Model"},
    .describe = describe,
    .tensors = decoder_rules({}, head_norm_rules()),
    .pools = true,
    .renamed = bare_names,
};
const RegisterArchitecture registered(qwen3);

const Architecture reranker{
    .name = "qwen3",
    .classes = {"Qwen3ForCausalLM"},
    .describe = describe,
    .tensors = reranker_rules(),
    .renamed = bare_names,
    .is = is_reranker,
    .describe_folder = describe_answers,
};
const RegisterArchitecture registered_reranker(reranker);

}  // namespace
}  // namespace lt::convert
