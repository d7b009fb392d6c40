// A LoRA adapter or a control vector, as GGUF files have them.
#pragma once
#include <memory>
#include <string>

#include "gguf/file.h"

namespace lt::convert {

// A GGUF file, or a folder as PEFT writes it (adapter_config.json, adapter_model.safetensors), which becomes one for the model `base`: its
// factors under the names and in the order of the base's weights, scales in lora_b. Throws Code::file, Code::format, and Code::unsupported
// naming what is not applied (DoRA, biases, whole modules and the like).
std::shared_ptr<const gguf::File> open_adapter(const std::string& path, const gguf::File& base);

}  // namespace lt::convert
