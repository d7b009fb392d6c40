// The one place where native failures become JavaScript errors.
#pragma once
#include <napi.h>

#include "addon/bridge.h"
#include "engine/current_error.h"

namespace lt::addon {

using engine::current_error;

// A LlamaError of the lib whose turn it is.
Napi::Value to_js(Napi::Env env, const Error& error);

// Runs an export's body for the lib that calls it; what it throws becomes a LlamaError of it.
Napi::Value guarded(Bridge& bridge, const Napi::CallbackInfo& info, Napi::Value (*body)(const Napi::CallbackInfo&));

}  // namespace lt::addon
