#include "collectors/otlp/exporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/background_thread.h"
#include "base/log.h"
#include "base/utf8.h"

namespace weir::collectors::otlp {
namespace {

using std::chrono::milliseconds;

// A loop must not wake the thread, that would be a system call: it looks whether a batch is full.
constexpr milliseconds look_every{100};
constexpr std::size_t longest_message = 200;  // of a collector's words

std::string in_words(const Answer& answer) {
    return answer.status == 0 ? answer.problem : fmt::format("HTTP status {}", answer.status);
}

// A query may hold a key.
std::string shown(const std::string& url) { return url.substr(0, url.find('?')); }

}  // namespace

Exporter::Exporter(telemetry::Registry& registry, settings::TraceExport traces,
                   const Identity& identity)
    : traces_(std::move(traces)),
      resource_(describe(traces_, identity)),
      rings_(registry.rings()),
      counts_(registry.span_counts()),
      post_(traces_, "weir/" + identity.version),
      thread_([this] { run(); }) {}

void Exporter::stop() {
    if (!thread_.joinable()) return;
    const base::Instant by = base::Clock::now() + std::min(traces_.batch_timeout, stop_limit);
    {
        const std::scoped_lock lock(mutex_);
        stop_by_ = by;
    }
    post_.give_up_at(by);
    stop_.notify_all();
    thread_.join();
}

bool Exporter::stopping() const {
    const std::scoped_lock lock(mutex_);
    return stop_by_ != base::Instant::max();
}

void Exporter::rest_until(base::Instant instant) {
    std::unique_lock lock(mutex_);
    stop_.wait_until(lock, instant, [this] { return stop_by_ != base::Instant::max(); });
}

void Exporter::run() {
    base::enter_background_thread("weir-otlp");
    base::Instant due = base::Clock::now() + traces_.delay;
    while (!stopping()) {
        const base::Instant now = base::Clock::now();
        if (now >= quiet_until_ && (now >= due || pressing())) {
            deliver(take_batch());
            due = base::Clock::now() + traces_.delay;
        } else {
            rest_until(now + std::min(look_every, traces_.delay));
        }
    }
    flush();
}

// What can't be sent in time is counted like any other loss, and said: nobody will scrape it.
void Exporter::flush() {
    std::uint64_t lost = 0;
    for (auto batch = take_batch(); !batch.empty(); batch = take_batch()) {
        if (base::Clock::now() < stop_by_) {
            deliver(batch);
        } else {
            counts_.export_failed(batch.size());
            lost += batch.size();
        }
    }
    if (lost > 0) base::log::warn("traces.lost", {{"spans", lost}, {"reason", "stopped"}});
}

std::size_t Exporter::waiting() const {
    std::size_t spans = 0;
    for (const auto& ring : rings_) spans += ring->size();
    return spans;
}

// A batch is there, or a loop's ring will soon be full: one loop may make nearly all spans.
bool Exporter::pressing() const {
    return waiting() >= traces_.batch ||
           std::any_of(rings_.begin(), rings_.end(),
                       [](const auto& ring) { return 2 * ring->size() >= ring->capacity(); });
}

std::vector<telemetry::Span> Exporter::take_batch() {
    std::vector<telemetry::Span> batch;
    batch.reserve(std::min<std::size_t>(waiting(), traces_.batch));
    for (std::size_t i = 0; i < rings_.size(); ++i) {
        rings_[(next_ring_ + i) % rings_.size()]->pop_into(batch, traces_.batch);
    }
    ++next_ring_;
    return batch;
}

void Exporter::deliver(const std::vector<telemetry::Span>& batch) {
    if (batch.empty()) return;
    const Answer answer = try_until_answered(encode(resource_, batch, traces_.protocol, body_));
    settle(answer, batch.size());
}

// The last of all answers: one that settles the batch, or that of the last attempt there was time
// for. A stop leaves one attempt more, without any rest.
Answer Exporter::try_until_answered(std::string_view body) {
    const base::Instant until = base::Clock::now() + traces_.batch_timeout;
    for (unsigned attempt = 1;; ++attempt) {
        const bool last = stopping();
        const auto left = std::chrono::ceil<milliseconds>(until - base::Clock::now());
        Answer answer = post_.send(body, std::min(traces_.request_timeout, left));
        if (meaning(answer) != Meaning::later || last) return answer;
        // One failure may be anything; two in a row are worth a line.
        if (attempt > 1) fails(answer);
        const double jitter = std::uniform_real_distribution<>()(random_);
        quiet_until_ = base::Clock::now() + retry_pause(attempt, answer.retry_after, jitter);
        if (quiet_until_ >= until) return answer;
        rest_until(quiet_until_);
    }
}

void Exporter::settle(const Answer& answer, std::uint64_t spans) {
    switch (meaning(answer)) {
        case Meaning::taken: {
            const PartialSuccess partial = partial_success(answer.body, traces_.protocol);
            const std::uint64_t rejected = std::min(partial.rejected, spans);
            counts_.rejected(rejected);
            counts_.exported(spans - rejected);
            works(partial);
            return;
        }
        case Meaning::refused:
            counts_.rejected(spans);
            break;
        case Meaning::later:
        case Meaning::broken_down:
            counts_.export_failed(spans);
            break;
    }
    fails(answer);
}

void Exporter::works(const PartialSuccess& partial) {
    if (std::exchange(failing_, false)) {
        base::log::info("traces.export_works", {{"collector", shown(traces_.url)}});
    }
    const bool complains = partial.rejected > 0 || !partial.message.empty();
    if (complains && !rejecting_) {
        base::log::warn(
            "traces.rejected",
            {{"spans", partial.rejected},
             {"message", base::replaced_utf8(partial.message.substr(0, longest_message))}});
    }
    rejecting_ = complains;
}

void Exporter::fails(const Answer& answer) {
    if (std::exchange(failing_, true)) return;
    base::log::warn("traces.export_fails",
                    {{"collector", shown(traces_.url)}, {"reason", in_words(answer)}});
}

}  // namespace weir::collectors::otlp
