// The one place where native failures become JavaScript errors.
#pragma once
#include <napi.h>

#include <functional>

#include "core/error.h"

namespace lt::addon {

// The failure that is being handled, as an lt::Error: call it in a catch block.
Error current_error();

// A LlamaError of the environment's lib.
Napi::Value to_js(Napi::Env env, const Error& error);

// Runs an export's body; what it throws becomes a LlamaError.
Napi::Value guarded(const Napi::CallbackInfo& info, Napi::Value (*body)(const Napi::CallbackInfo&));

template <Napi::Value (*Body)(const Napi::CallbackInfo&)>
Napi::Value export_of(const Napi::CallbackInfo& info) {
  return guarded(info, Body);
}

}  // namespace lt::addon
