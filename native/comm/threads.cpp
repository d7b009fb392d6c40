#include "comm/threads.h"

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace lt::comm {
namespace {

// Messages on their way, and what went wrong.
struct Post {
  explicit Post(int ranks) : size(ranks), boxes(static_cast<size_t>(ranks * ranks)) {}
  std::deque<std::vector<char>>& box(int from, int to) { return boxes[static_cast<size_t>(from * size + to)]; }

  int size;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::deque<std::vector<char>>> boxes;
  std::optional<Error> failure;
};

class Threads final : public Comm {
 public:
  Threads(std::shared_ptr<Post> post, int rank) : Comm(rank, post->size), post_(std::move(post)) {}

  void fail(const Error& error) override {
    const std::lock_guard lock(post_->mutex);
    if (!post_->failure) post_->failure = of_rank(rank(), error);
    post_->changed.notify_all();
  }

  void check() override {
    const std::lock_guard lock(post_->mutex);
    if (post_->failure) throw *post_->failure;
  }

 protected:
  void exchange(std::span<const Outgoing> out, std::span<Incoming> in) override {
    std::unique_lock lock(post_->mutex);
    for (const Outgoing& o : out) post_->box(rank(), o.to).emplace_back(o.bytes.begin(), o.bytes.end());
    post_->changed.notify_all();
    for (Incoming& i : in) receive(lock, i);
  }

 private:
  void receive(std::unique_lock<std::mutex>& lock, Incoming& i) {
    auto& box = post_->box(i.from, rank());
    const auto came = [&] { return !box.empty() || post_->failure; };
    if (!post_->changed.wait_for(lock, std::chrono::seconds(120), came))
      throw Error(Code::device, "rank " + std::to_string(i.from) + " did not send what rank " + std::to_string(rank()) + " waits for");
    if (post_->failure) throw *post_->failure;
    const std::vector<char>& message = box.front();
    if (message.size() > i.room.size()) throw Error(Code::internal, "a message between ranks is longer than was agreed");
    if (!message.empty()) std::memcpy(i.room.data(), message.data(), message.size());
    i.count = message.size();
    box.pop_front();
  }

  std::shared_ptr<Post> post_;
};

}  // namespace

std::vector<std::shared_ptr<Comm>> threads(int size) {
  const auto post = std::make_shared<Post>(size);
  std::vector<std::shared_ptr<Comm>> all;
  for (int r = 0; r < size; r++) all.push_back(std::make_shared<Threads>(post, r));
  return all;
}

}  // namespace lt::comm
