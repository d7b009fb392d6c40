// What the addon holds for one environment (the main thread or a worker): the mailbox, lib's error constructor, and every
// thread started here. A cleanup hook stops and joins them, so none outlives its environment.
#pragma once
#include <napi.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "addon/mailbox.h"

namespace lt::addon {

// A thread of this environment. Its last event calls Bridge::retire, on the JavaScript thread, which joins it.
class Task {
 public:
  virtual ~Task() = default;
  virtual void run() = 0;  // on its thread; posts its own results and never throws
  virtual void stop() {}   // asked from the JavaScript thread: end soon

  uint64_t number() const { return number_; }

 private:
  friend class Bridge;
  uint64_t number_ = 0;
  std::thread thread_;
};

class Bridge {
 public:
  static Bridge& of(Napi::Env env) { return *env.GetInstanceData<Bridge>(); }
  static void install(Napi::Env env);

  // lib's functions: (code, message) => LlamaError, and the receiver of events. Comes before anything else; a second lib in
  // the same environment (a test runner that loads modules anew) takes the place of the first, whose threads are stopped.
  void attach(Napi::Env env, const Napi::Function& make_error, const Napi::Function& deliver);
  Napi::Value make_error(Napi::Env env, const char* code, const char* message) const;
  const std::shared_ptr<Mailbox>& mailbox() const;  // throws Code::disposed after shut_down

  void start(std::shared_ptr<Task> task);
  void retire(uint64_t number);
  void shut_down();  // stops and joins every thread, at most the time of one engine step

 private:
  Napi::FunctionReference make_error_;
  std::shared_ptr<Mailbox> mailbox_;
  std::map<uint64_t, std::shared_ptr<Task>> tasks_;
  uint64_t started_ = 0;
  bool closed_ = true;  // nothing attached
};

}  // namespace lt::addon
