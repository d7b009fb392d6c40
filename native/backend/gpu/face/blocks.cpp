#include "backend/gpu/face/blocks.h"

#include <algorithm>
#include <cstdlib>

namespace lt::gpu::face {
namespace {

thread_local Blocks* current = nullptr;

uint64_t seed_from_environment() {
  const char* set = std::getenv("LLAMA_TS_FACE_SEED");
  return (set ? std::strtoull(set, nullptr, 10) : 1) * 2 + 1;
}

}  // namespace

Blocks::Blocks(int wave) : wave_(wave), seed_(seed_from_environment()) {}

Blocks::~Blocks() {
  quit_ = true;
  for (const auto& t : fibers_) t->fiber.resume();  // all are idle: they return
}

Blocks& Blocks::here() { return *current; }

// Marsaglia's xorshift64.
uint64_t Blocks::random() {
  seed_ ^= seed_ << 13;
  seed_ ^= seed_ >> 7;
  seed_ ^= seed_ << 17;
  return seed_;
}

void Blocks::run(const Launch& launch) {
  const Grid& g = launch.grid;
  if (launch.threads < 1 || launch.threads > most_threads)
    throw Error(Code::internal, std::string(launch.kernel) + ": no device has blocks of " + std::to_string(launch.threads) + " threads");
  launch_ = &launch;
  current = this;
  arrays_.clear();
  shared_bytes_ = launch.shared;
  lanes_.resize(static_cast<size_t>(launch.threads));
  while (fibers_.size() < lanes_.size()) fibers_.push_back(std::make_unique<Thread>(this, static_cast<int>(fibers_.size())));
  for (block_.z = 0; block_.z < g.z; block_.z++)
    for (block_.y = 0; block_.y < g.y; block_.y++)
      for (block_.x = 0; block_.x < g.x; block_.x++) run_block();
  current = nullptr;
}

void Blocks::run_block() {
  first_epoch_ = ++epoch_;
  std::fill(lanes_.begin(), lanes_.end(), Lane{});
  left_ = launch_->threads;
  runnable_.clear();
  for (int w = 0; w * wave_ < launch_->threads; w++) runnable_.push_back(w);
  while (left_ > 0) {
    if (runnable_.empty()) release();
    const size_t pick = random() % runnable_.size();
    run_lanes(runnable_[pick]);
    if (!settle(runnable_[pick])) {
      runnable_[pick] = runnable_.back();
      runnable_.pop_back();
    }
  }
}

// Each ready lane of a wave as far as it goes, in a random order.
void Blocks::run_lanes(int wave) {
  const int first = wave * wave_, count = std::min(wave_, launch_->threads - first);
  const uint64_t r = random();
  const auto start = static_cast<int>(r % static_cast<uint64_t>(count));
  const bool down = r >> 40 & 1;
  for (int i = 0; i < count; i++) {
    const int lane = first + (down ? start + count - i : start + i) % count;
    if (lanes_[static_cast<size_t>(lane)].state != State::ready) continue;
    run_thread(lane);
    if (!fault_.empty()) stop_at_fault();
  }
}

void Blocks::run_thread(int index) {
  thread_ = index;
  lanes_[static_cast<size_t>(index)].inside = true;
  fibers_[static_cast<size_t>(index)]->fiber.resume();
}

void Blocks::body(void* context) {
  Thread& t = *static_cast<Thread*>(context);
  Blocks& b = *t.blocks;
  while (!b.quit_) {
    try {
      b.launch_->call(b.launch_->args);
    } catch (const Abandoned&) {
    } catch (const std::exception& e) {
      b.fault_ = e.what();
    }
    Lane& lane = b.lanes_[static_cast<size_t>(t.index)];
    lane.state = State::done;
    lane.inside = false;
    b.left_--;
    t.fiber.pause();
  }
}

void Blocks::wait(State state, int mask, int line) {
  const int index = thread_;
  Lane& lane = lanes_[static_cast<size_t>(index)];
  lane.state = state;
  lane.mask = mask;
  lane.line = line;
  fibers_[static_cast<size_t>(index)]->fiber.pause();
  if (abandoning_) throw Abandoned{};
}

uint32_t Blocks::exchange(uint32_t bits, int mask, int line) {
  Lane& lane = lanes_[static_cast<size_t>(thread_)];
  lane.bits = bits;
  wait(State::shuffle, mask, line);
  return lane.bits;
}

// After all its lanes ran: exchanges what they wait for. False: the wave waits for the block, or is done.
bool Blocks::settle(int wave) {
  const int first = wave * wave_, last = std::min(first + wave_, launch_->threads);
  const Lane* at = nullptr;
  for (int i = first; i < last; i++)
    if (const Lane& l = lanes_[static_cast<size_t>(i)]; l.state == State::shuffle) at = &l;
  if (!at) return false;
  for (int i = first; i < last; i++) {
    const Lane& l = lanes_[static_cast<size_t>(i)];
    if (l.state == State::done || (l.state == State::shuffle && l.line == at->line && l.mask == at->mask)) continue;
    thread_ = i;
    fault_ = "lanes of its wave wait at the shuffle of line " + std::to_string(at->line) + ", it waits at line " + std::to_string(l.line);
    stop_at_fault();
  }
  shuffle(first, last);
  return true;
}

void Blocks::shuffle(int first, int last) {
  std::vector<uint32_t> given;
  for (int i = first; i < last; i++) given.push_back(lanes_[static_cast<size_t>(i)].bits);
  for (int i = first; i < last; i++) {
    Lane& l = lanes_[static_cast<size_t>(i)];
    if (l.state != State::shuffle) continue;
    const int other = i ^ l.mask;
    if (l.mask < 0 || l.mask > 31 || other >= last || lanes_[static_cast<size_t>(other)].state == State::done) {
      thread_ = i;
      fault_ = "the shuffle of line " + std::to_string(l.line) + " reads thread " + std::to_string(other) + ", which is not there";
      stop_at_fault();
    }
    l.bits = given[static_cast<size_t>(other - first)];
  }
  for (int i = first; i < last; i++)
    if (Lane& l = lanes_[static_cast<size_t>(i)]; l.state == State::shuffle) l.state = State::ready;
}

// All that are left wait at a barrier: it must be one, and everybody's.
void Blocks::release() {
  int line = 0;
  for (const Lane& l : lanes_)
    if (l.state == State::barrier) line = l.line;
  for (size_t i = 0; i < lanes_.size(); i++) {
    const Lane& l = lanes_[i];
    if (l.state == State::barrier && l.line == line) continue;
    thread_ = static_cast<int>(i);
    fault_ = "others wait at the barrier of line " + std::to_string(line) +
             (l.state == State::done ? ", it has ended without" : ", it waits at line " + std::to_string(l.line));
    stop_at_fault();
  }
  epoch_++;
  for (Lane& l : lanes_) l.state = State::ready;
  for (int w = 0; w * wave_ < launch_->threads; w++) runnable_.push_back(w);
}

void Blocks::fault(const std::string& what) const { throw Error(Code::internal, what); }

void Blocks::stop_at_fault() {
  const std::string what = std::string(launch_->kernel) + ", block " + text(block_) + ", thread " + std::to_string(thread_) + ": " + fault_;
  abandon();
  throw Error(Code::internal, what);
}

// Lets every call that has begun end, so that the fibers can be used again.
void Blocks::abandon() {
  abandoning_ = true;
  for (size_t i = 0; i < lanes_.size(); i++)
    if (lanes_[i].inside) run_thread(static_cast<int>(i));
  abandoning_ = false;
  fault_.clear();
  current = nullptr;
}

SharedArray& Blocks::array(const void* key, const char* name, size_t bytes, size_t elements) {
  for (SharedArray& p : arrays_)
    if (p.key == key) return p;
  if (key != launch_) shared_bytes_ += bytes;
  if (shared_bytes_ > most_shared)
    fault("shared memory of " + std::to_string(shared_bytes_) + " bytes with " + name + ", there are " + std::to_string(most_shared));
  arrays_.push_back({key, name, bytes, std::make_unique<char[]>(bytes), std::vector<Mark>(elements)});
  return arrays_.back();
}

}  // namespace lt::gpu::face
