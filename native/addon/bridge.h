// What the addon holds for one evaluation of lib: the mailbox, lib's error constructor and receiver of events, and every thread
// started here. A process has several where modules are loaded anew (test runners, hot reload) or in worker threads; none knows of
// another. A cleanup hook stops and joins the threads, so none outlives its environment.
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

class Bridge;

// A thread of a bridge, which lives as long. Its last event calls Bridge::retire, on the JavaScript thread, which joins it.
class Task {
 public:
  virtual ~Task() = default;
  virtual void run() = 0;  // on its thread; posts its own results and never throws
  virtual void stop() {}   // asked from the JavaScript thread: end soon

  uint64_t number() const { return number_; }

 private:
  friend class Bridge;
  uint64_t number_ = 0;
  std::shared_ptr<Bridge> bridge_;  // until it is joined
  std::thread thread_;
};

class Bridge : public std::enable_shared_from_this<Bridge> {
 public:
  // While it lives, this thread runs an export or an event of `bridge`.
  class Turn {
   public:
    explicit Turn(Bridge& bridge) : before_(std::exchange(current_, &bridge)) {}
    ~Turn() { current_ = before_; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Bridge* before_;
  };

  // `receiver` holds lib's functions makeError, (code, message) => LlamaError, and deliver, which is told the events. `exports`
  // holds it in turn, and is what keeps the bridge: it ends when lib has let go of the exports and no thread runs.
  static std::shared_ptr<Bridge> open(Napi::Env env, const Napi::Object& exports, const Napi::Object& receiver);
  ~Bridge();

  // The one whose turn it is.
  static Bridge& of(Napi::Env env);
  static Napi::Value make_error(Napi::Env env, const char* code, const char* message);

  const std::shared_ptr<Mailbox>& mailbox() const;  // throws Code::disposed after shut_down
  void hold(Napi::Env env, bool alive);             // true: events are awaited, so neither the process ends nor lib is collected
  void deliver(Napi::Env env, const Napi::Value& events) const;

  void start(std::shared_ptr<Task> task);
  void retire(uint64_t number);
  void shut_down();  // stops and joins every thread, at most the time of one engine step

  // Node's process.exit() runs no cleanup hooks, but tells of itself: every bridge of this thread is shut down then.
  static void shut_down_at_exit(Napi::Env env);

 private:
  explicit Bridge(Napi::Env env) : env_(env) {}
  Napi::Object receiver() const;  // empty where it was collected
  void stop_all();

  static thread_local Bridge* current_;
  static thread_local Bridge* first_;  // a list of this thread's; a plain pointer, so that the thread's end runs no destructor
  Bridge* previous_ = nullptr;
  Bridge* next_ = nullptr;

  const napi_env env_;
  Napi::ObjectReference exports_;  // weak unless events are awaited
  bool held_ = false;
  std::shared_ptr<Mailbox> mailbox_;
  std::map<uint64_t, std::shared_ptr<Task>> tasks_;
  uint64_t started_ = 0;
  bool closed_ = true;
};

}  // namespace lt::addon
