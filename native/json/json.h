// JSON that somebody else wrote: parsed whole within bounds (RFC 8259), as one flat list of nodes. Besides what the RFC has, the
// numbers NaN, Infinity and -Infinity, as Python's json module writes them.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lt::json {

enum class Kind : uint8_t { absent, null, boolean, number, string, array, object };

// A view of a Document's value; also of one that is not there, so that value["a"]["b"] can be asked for.
class Value {
 public:
  Value() = default;

  Kind kind() const;
  bool is(Kind k) const { return kind() == k; }
  explicit operator bool() const { return kind() > Kind::null; }

  std::optional<std::string_view> string() const;
  std::optional<bool> boolean() const;
  std::optional<double> number() const;
  std::optional<int64_t> integer() const;  // written as one, exactly: 3 and 3.0 and 3e0 are, 3.5 is not
  std::string_view written() const;        // a number as it stands there

  size_t size() const;                           // elements of an array, members of an object
  Value operator[](std::string_view key) const;  // of an object; absent elsewhere

  // Of an array its elements, of an object its members' values with `key`; nothing of others.
  class Iterator;
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class Document;
  struct Node {
    const char* at;
    uint32_t size, next;  // `next`: the node behind this one and all that is in it
    Kind kind;
  };
  explicit Value(const Node* nodes, uint32_t index) : nodes_(nodes), index_(index) {}
  const Node& node() const { return nodes_[index_]; }

  const Node* nodes_ = nullptr;  // null: absent
  uint32_t index_ = 0;
};

struct Member {
  std::string_view key;  // empty in an array
  Value value;
};

class Value::Iterator {
 public:
  Iterator(const Node* nodes, uint32_t index, bool keys) : nodes_(nodes), index_(index), keys_(keys) {}
  bool operator!=(const Iterator& other) const { return index_ != other.index_; }
  Iterator& operator++() {
    index_ = nodes_[index_ + (keys_ ? 1 : 0)].next;
    return *this;
  }
  Member operator*() const {
    if (!keys_) return {{}, Value(nodes_, index_)};
    return {{nodes_[index_].at, nodes_[index_].size}, Value(nodes_, index_ + 1)};
  }

 private:
  const Node* nodes_;
  uint32_t index_;
  bool keys_;
};

class Document {
 public:
  // `text` outlives the document, whose strings are views of it where they have no escapes. Throws Code::format, with the byte at
  // which something else was expected; a key that is there twice, nesting beyond 64 and more than 2^23 values are errors too.
  explicit Document(std::string_view text);
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  Value root() const { return Value(nodes_.data(), 0); }

 private:
  class Parser;
  std::vector<Value::Node> nodes_;
  std::deque<std::string> unescaped_;
};

}  // namespace lt::json
