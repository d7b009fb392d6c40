// A model in memory and the thread of the addon that serves it: loads the engine, turns prompts into ids, hands requests to
// the engine, and at the end destroys it. So neither a long text nor a long disposal is ever on the JavaScript thread.
#pragma once
#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "addon/bridge.h"
#include "addon/prompt.h"
#include "engine/engine.h"
#include "engine/follower.h"

namespace lt::addon {

struct Order {
  double ticket;
  std::vector<Segment> segments;  // encoded behind request.prompt
  bool begin = false;             // with the begin token in front where the file asks for one
  engine::Request request;
};

class Resident : public Task {
 public:
  Resident(std::shared_ptr<Mailbox> mailbox, double ticket, std::string path, engine::EngineOptions options)
      : mailbox_(std::move(mailbox)), load_ticket_(ticket), path_(std::move(path)), options_(std::move(options)) {
    load_failure_.push_back({ticket, "failed", nullptr});
    farewell_.push_back({0, "disposed", nullptr});
  }

  void run() override;
  void stop() override;

  // From the JavaScript thread. After dispose, engine() throws Code::disposed.
  void submit(Order&& order);
  void abort(double ticket);
  void answer(double ticket, int32_t id);
  void dispose(double ticket);
  const engine::Engine& engine() const;

 private:
  // What is known of a request that has not finished.
  struct Active {
    uint64_t request = 0;  // the engine's number, 0 before it has one
    bool aborted = false;
    std::optional<int32_t> answer;  // of its first logits, before it has a number here
    int top_logprobs = -1;
    Events failure;  // made ahead, as are the other last words: saying that memory is lacking takes none
  };

  void load();
  void serve();
  void follow();  // as a rank other than 0
  void hand_over(Order& order) noexcept;
  void fail(double ticket, const Error& error) noexcept;
  void receive(std::vector<engine::Report>&& reports);
  bool wants_logprobs(double ticket);
  void say_farewell(const Error& unfinished) noexcept;

  const std::shared_ptr<Mailbox> mailbox_;
  const double load_ticket_;
  const std::string path_;
  const engine::EngineOptions options_;

  Events load_failure_, farewell_;
  std::atomic<bool> stopped_ = false;
  engine::Follower follower_;
  bool disposed_ = false;      // JavaScript thread only
  double dispose_ticket_ = 0;  // under mutex_
  std::unique_ptr<engine::Engine> engine_;
  const tokenize::Tokenizer* tokenizer_ = nullptr;  // the engine's: its last reports come while engine_ is null already

  std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  std::list<Order> orders_;
  std::map<double, Active> active_;  // by ticket
  bool ended_ = false;               // nobody serves any more
};

}  // namespace lt::addon
