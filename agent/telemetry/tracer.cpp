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
    ratio_ = std::clamp(rules.ratio, 0.0, 1.0);
    const auto kept = static_cast<std::uint64_t>(std::llround(std::ldexp(ratio_, 56)));
    threshold_ = all_values - std::min(kept, all_values);
    until_sampled_ = next_gap();
    trace_state_ = std::make_shared<const std::string>(
        threshold_ < all_values ? "ot=th:" + threshold_word(threshold_) : std::string());
    slow_ = rules.slow.count() > 0 ? rules.slow : base::Duration::max();
    slow_per_second_ = rules.slow_per_second;
    queries_ = rules.queries;
}

std::uint64_t Tracer::root_id(bool sampled) {
    const std::uint64_t first = sampled ? threshold_ : 0;
    const std::uint64_t values = sampled ? all_values - threshold_ : threshold_;
    // The first byte says nothing. The ratio may have changed since it was decided.
    const std::uint64_t rest = values == 0 ? random() & random_bits : first + random() % values;
    return (random() & ~random_bits) | rest;
}

// How many roots it is to the next sampled one, at least 1, as if each was asked (inversion).
std::uint64_t Tracer::next_gap() {
    constexpr double never = 1e18;
    if (threshold_ == all_values) return static_cast<std::uint64_t>(never);
    if (threshold_ == 0) return 1;
    const double chance = std::ldexp(static_cast<double>(random() >> 11U) + 0.5, -53);
    return static_cast<std::uint64_t>(std::min(never, std::log(chance) / std::log1p(-ratio_))) + 1;
}

}  // namespace weir::telemetry
