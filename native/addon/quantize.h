// quantize() of the exports: options from JavaScript, a job, its report back.
#pragma once
#include <napi.h>

namespace lt::addon {

// (ticket, input, output, options: NativeQuantizeOptions) -> a job whose value is a NativeQuantizeReport.
Napi::Value quantize(const Napi::CallbackInfo& info);
// The names that a type may have: { recipes, types }.
Napi::Value quantize_types(const Napi::CallbackInfo& info);

}  // namespace lt::addon
