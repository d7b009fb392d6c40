// Metadata of a file changed: the tensors are copied, the file appears when it is complete, and takes its own place where no other is
// named.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "convert/convert.h"

namespace lt::convert {

// A value as text. kind: one that GGUF has, "u8" to "f64", "bool", "str", or a list of one, "u32[]", whose text is JSON; empty: the kind
// that the key has in the file, a text where it is new.
struct Change {
  std::string key, kind, text;
};

struct Edit {
  std::vector<Change> set;
  std::vector<std::string> remove;  // absent ones are an error
};

// Throws Code::argument for a value that is none of its kind, general.architecture's removal, a key to be removed that is not there,
// changes to split.* and general.alignment.
Written edit(const std::string& from, const std::string& to, const Edit& edit, const Progress& progress);

}  // namespace lt::convert
