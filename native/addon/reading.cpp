#include "addon/reading.h"

#include "addon/errors.h"
#include "convert/folder.h"

namespace lt::addon {

void Reading::run() {
  Event event{ticket_, "done", nullptr};
  try {
    event.value = read_(convert::open(path_, {.vocabulary_only = vocabulary_only_}));
  } catch (...) {
    event.kind = "failed";
    event.value = [error = current_error()](Napi::Env env) { return to_js(env, error); };
  }
  event.value = [me = number(), value = std::move(event.value)](Napi::Env env) {
    Bridge::of(env).retire(me);
    return value(env);
  };
  mailbox_->post(std::move(event));
}

}  // namespace lt::addon
