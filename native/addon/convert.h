// Values across the border, one function a type.
#pragma once
#include <napi.h>

#include <string>
#include <vector>

#include "addon/resident.h"
#include "core/backend.h"

namespace lt::addon {

engine::EngineOptions engine_options(const Napi::Object& from);
Order order_of(double ticket, const Napi::Object& from);
std::vector<Segment> segments_of(const Napi::Value& list);

// The spelling of each token of a report, chosen and best, made where the tokenizer is at hand.
struct ReportPieces {
  std::vector<std::string> chosen;
  std::vector<std::vector<std::string>> top;
};
ReportPieces pieces_of(const engine::Report& report, const tokenize::Tokenizer& tokenizer);

Napi::Value to_js(Napi::Env env, const engine::ModelInfo& info);
Napi::Value to_js(Napi::Env env, const engine::Report& report, const ReportPieces& pieces);
Napi::Value to_js(Napi::Env env, const gguf::File& file);
Napi::Value to_js(Napi::Env env, const BackendEntry& backend);

Napi::Value ids_to_js(Napi::Env env, const std::vector<int32_t>& ids);  // Uint32Array
std::vector<int32_t> ids_of(const Napi::Value& from);                   // a Uint32Array
Napi::String text_to_js(Napi::Env env, std::string_view text);

}  // namespace lt::addon
