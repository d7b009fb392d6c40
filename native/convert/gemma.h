// What the folders of Gemma 3n and Gemma 4 have in common: an embedding a layer, layers that read the keys and values of earlier ones.
#pragma once
#include <vector>

#include "convert/decoder.h"

namespace lt::convert {

// Which layers have a window: every one but each `period`th, where the folder does not say it.
std::vector<bool> gemma_windows(const Config& config, const Description& to, int64_t period);

// Windows, and how many of the last layers read the keys and values of others: by default `shared`.
void describe_gemma_layers(const Config& config, Description& to, const std::vector<bool>& slides, int64_t shared);

// Columns that each token has for each layer; none for 0.
void describe_layer_inputs(const Config& config, Description& to);

// A layer's heads: "query", "key_value", "value" and "head" are sizes by layer.
Rules gemma_rules();
Rules layer_input_rules();

}  // namespace lt::convert
