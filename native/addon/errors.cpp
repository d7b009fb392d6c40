#include "addon/errors.h"

#include <new>
#include <system_error>

#include "addon/bridge.h"

namespace lt::addon {

Error current_error() {
  try {
    throw;
  } catch (const Error& e) {
    return e;
  } catch (const std::bad_alloc&) {
    return {Code::memory, "the machine refused memory that the call needs: use a smaller model, context or batch"};
  } catch (const std::length_error&) {
    return {Code::memory, "the call asks for more memory than can be addressed: use a smaller context or batch"};
  } catch (const std::system_error& e) {
    return {Code::device, std::string("the system refused a thread or lock: ") + e.what()};
  } catch (const std::exception& e) {
    return {Code::internal, std::string("unexpected failure, please report it: ") + e.what()};
  } catch (...) {
    return {Code::internal, "unexpected failure, please report it"};
  }
}

Napi::Value to_js(Napi::Env env, const Error& error) { return Bridge::of(env).make_error(env, code_name(error.code()), error.what()); }

Napi::Value guarded(const Napi::CallbackInfo& info, Napi::Value (*body)(const Napi::CallbackInfo&)) {
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
