// The one place where native failures become JavaScript errors.
#pragma once
#include <napi.h>

#include <functional>

#include "engine/current_error.h"

namespace lt::addon {

using engine::current_error;

// A LlamaError of the environment's lib.
Napi::Value to_js(Napi::Env env, const Error& error);

// Runs an export's body; what it throws becomes a LlamaError.
Napi::Value guarded(const Napi::CallbackInfo& info, Napi::Value (*body)(const Napi::CallbackInfo&));

template <Napi::Value (*Body)(const Napi::CallbackInfo&)>
Napi::Value export_of(const Napi::CallbackInfo& info) {
  return guarded(info, Body);
}

}  // namespace lt::addon
