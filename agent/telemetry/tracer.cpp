#include "telemetry/tracer.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace weir::telemetry {

namespace {

constexpr std::uint64_t all_values = std::uint64_t{1} << 56U;

// 14 hexadecimal digits without the zeros at their end, one of which stays.
std::string threshold_word(std::uint64_t threshold) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string word;
    for (int shift = 52; shift >= 0; shift -= 4) {
        word.push_back(digits[threshold >> static_cast<unsigned>(shift) & 0xfU]);
    }
    while (word.size() > 1 && word.back() == '0') word.pop_back();
    return word;
}

}  // namespace

Tracer::Tracer(std::shared_ptr<SpanRing> ring, std::shared_ptr<SpanAllowance> allowance,
               std::uint64_t seed)
    : ring_(std::move(ring)), allowance_(std::move(allowance)), state_(seed) {}

void Tracer::rule(const SamplingRules& rules) {
    const double ratio = std::clamp(rules.ratio, 0.0, 1.0);
    const auto kept = static_cast<std::uint64_t>(std::llround(std::ldexp(ratio, 56)));
    threshold_ = all_values - std::min(kept, all_values);
    trace_state_ = threshold_ < all_values ? "ot=th:" + threshold_word(threshold_) : std::string();
    slow_ = rules.slow.count() > 0 ? rules.slow : base::Duration::max();
    slow_per_second_ = rules.slow_per_second;
}

// splitmix64
std::uint64_t Tracer::random() {
    for (;;) {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        z ^= z >> 31U;
        if (z != 0) return z;
    }
}

}  // namespace weir::telemetry
