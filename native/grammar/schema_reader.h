// JSON Schemas as their texts say them: keywords read and checked, references resolved, nothing decided yet.
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "grammar/decimal.h"
#include "grammar/grammar.h"
#include "json/json.h"

namespace lt::grammar {

enum Type : uint8_t { is_null = 1, is_boolean = 2, is_number = 4, is_string = 8, is_array = 16, is_object = 32, is_any = 63 };

using SchemaId = uint32_t;
constexpr uint64_t unlimited = std::numeric_limits<uint64_t>::max();

// What `enum` and `const` list.
struct Listed {
  bool null = false, no = false, yes = false;
  std::vector<std::string> strings;
  std::vector<Decimal> numbers;
  std::vector<SchemaId> structures;  // arrays and objects, each as the schema of it alone
};

struct Schema {
  std::string pointer;  // a JSON pointer to where it stands
  bool never = false;   // `false`
  uint8_t types = is_any;
  bool whole = false;  // numbers are integers
  std::optional<Listed> listed;

  uint64_t min_length = 0, max_length = unlimited;
  std::optional<std::string> pattern, format;
  std::optional<Decimal> least, most, above, below, step;

  std::vector<SchemaId> prefix;
  std::optional<SchemaId> items;  // of those behind the prefix
  uint64_t min_items = 0, max_items = unlimited;
  std::optional<SchemaId> contains;
  uint64_t min_contains = 1, max_contains = unlimited;
  bool unique = false;

  std::vector<std::pair<std::string, SchemaId>> properties, patterns;
  std::optional<SchemaId> additional, names;
  std::vector<std::string> required;
  uint64_t min_properties = 0, max_properties = unlimited;
  std::vector<std::pair<std::string, std::vector<std::string>>> needed_with;
  std::vector<std::pair<std::string, SchemaId>> applied_with;
  std::optional<SchemaId> unevaluated_properties, unevaluated_items;

  std::vector<SchemaId> all_of;
  std::vector<std::vector<SchemaId>> any_of;
  std::optional<std::vector<SchemaId>> one_of;
  std::vector<SchemaId> none_of;
  std::optional<SchemaId> condition, then, otherwise;
  std::string reference;  // as written; empty: none
  uint32_t resource = 0;  // which it is resolved against
  std::string refused;    // a keyword that cannot be enforced
  bool anything = false;  // nothing is said
};

class SchemaReader {
 public:
  // The text outlives it. Throws SchemaError where it is no JSON.
  SchemaReader(std::string_view text, SchemaOptions options);

  // Throw SchemaError for what breaks the rules of a keyword.
  SchemaId root();
  SchemaId referred(SchemaId from);  // what its reference names
  SchemaId anything();               // the schema `true`
  const Schema& operator[](SchemaId id) const { return *schemas_[id]; }
  const SchemaOptions& options() const { return options_; }

 private:
  struct Resource {  // a part of the text with a name of its own
    json::Value value;
    std::string name, pointer;
  };
  class Keywords;

  SchemaId read(json::Value value, const std::string& pointer, uint32_t resource);
  void read_keywords(json::Value value, const std::string& pointer, uint32_t resource, Schema& to);
  SchemaId constant(json::Value value, const std::string& pointer);
  void list(json::Value value, const std::string& pointer, Listed& to);
  void find_names(json::Value schema, const std::string& pointer, uint32_t resource);
  bool names_itself(json::Value value) const;
  void need_names();

  const SchemaOptions options_;
  std::optional<json::Document> document_;
  bool draft7_ = false, alone_ = false, named_ = false;  // alone_: what stands beside a reference says nothing
  std::vector<std::unique_ptr<Schema>> schemas_;
  std::unordered_map<std::string, SchemaId> known_;  // by pointer
  std::vector<Resource> resources_;
  std::unordered_map<std::string, std::pair<json::Value, std::string>> anchors_;  // by resource and name; with the pointer
};

}  // namespace lt::grammar
