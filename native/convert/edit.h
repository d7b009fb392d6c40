// Metadata of a file changed: the tensors are copied, the file appears when it is complete, and takes its own place where no other is
// named.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "convert/convert.h"
#include "gguf/field.h"

namespace lt::convert {

// A value as text. kind: one that GGUF has, "u8" to "f64", "bool", "str", or a list of one, "u32[]", whose text is JSON; empty: the kind
// that the key has in the file, a text where it is new.
struct Setting {
  std::string key, kind, text;
};

struct Edit {
  std::vector<Setting> set;
  std::vector<std::string> remove;  // absent ones are an error
};

// The entry that a setting makes; `before`: the value that the key has, empty where it is new. Throws Code::argument for a value that is
// none of its kind, and for split.* and general.alignment, which follow from how a file is written.
gguf::Field field_of(const Setting& setting, std::span<const uint8_t> before);

// Throws Code::argument for what field_of refuses, general.architecture's removal, a key to be removed that is not there.
Written edit(const std::string& from, const std::string& to, const Edit& edit, const Progress& progress);

}  // namespace lt::convert
