// perplexity() and imatrix() of the exports: jobs, their figures back.
#pragma once
#include <napi.h>

namespace lt::addon {

// (ticket, model, text or undefined, options: NativePerplexityOptions) -> a job whose value is a NativePerplexity.
Napi::Value perplexity(const Napi::CallbackInfo& info);
// (ticket, model or undefined, text or undefined, output, options: NativeImatrixOptions) -> a job whose value is a NativeImatrix.
Napi::Value imatrix(const Napi::CallbackInfo& info);

}  // namespace lt::addon
