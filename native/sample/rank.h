// Ordering candidates by logit, the softmax over them, and the draw.
#pragma once
#include <cmath>
#include <span>

#include "sample/sampler.h"

namespace lt::sample {

inline bool better(const Candidate& a, const Candidate& b) { return a.logit != b.logit ? a.logit > b.logit : a.id < b.id; }

void list_all(std::vector<Candidate>& list, std::span<const float> logits);             // NaN counts as -infinity
void list_best(std::vector<Candidate>& list, std::span<const float> logits, size_t k);  // at least the k best, by id
// Those whose bit is set.
void list_allowed(std::vector<Candidate>& list, std::span<const float> logits, std::span<const uint64_t> allowed);
bool is_allowed(std::span<const uint64_t> allowed, int32_t id);
const Candidate& best(const Candidates& c);            // lowest id among equals
void keep_best(Candidates& c, size_t k);               // the k best, sorted
void sort_from(Candidates& c, size_t done, size_t k);  // [0, done) are the best already: makes it [0, k)

// What softmax divides by its sum: exp(logit - most), where infinities count as ties of the largest.
inline double weight(float logit, float most) { return logit == most ? 1.0 : std::exp(static_cast<double>(logit) - most); }
double total_weight(std::span<const Candidate> list, float most);

// By inverse transform over the list's order, with the random number of the step.
int32_t draw(const Candidates& c);
void keep_alone(Candidates& c, const Candidate& x);  // what is left is chosen

}  // namespace lt::sample
