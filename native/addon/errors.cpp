#include "addon/errors.h"

namespace lt::addon {

Napi::Value to_js(Napi::Env env, const Error& error) { return Bridge::make_error(env, code_name(error.code()), error.what()); }

Napi::Value guarded(Bridge& bridge, const Napi::CallbackInfo& info, Napi::Value (*body)(const Napi::CallbackInfo&)) {
  const Bridge::Turn turn(bridge);
  try {
    return body(info);
  } catch (const Napi::Error&) {
    throw;  // JavaScript's own
  } catch (...) {
    const Error error = current_error();
    throw Napi::Error(info.Env(), to_js(info.Env(), error));
  }
}

}  // namespace lt::addon
