// One HTTP connection to a collector, kept between batches: libcurl. It verifies certificates and
// follows no redirect: what a batch holds is for the configured collector alone. One thread at a
// time; only give_up_at() may be called by another.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "collectors/otlp/answer.h"

namespace weir::collectors::otlp {

class Post {
  public:
    // `traces` outlives it; `agent` is what it calls itself to the collector.
    Post(const settings::TraceExport& traces, std::string agent);
    ~Post();
    Post(const Post&) = delete;
    Post& operator=(const Post&) = delete;

    // Sends and waits for the answer, no longer than `limit`.
    [[nodiscard]] Answer send(std::string_view batch, std::chrono::milliseconds limit);
    // Whatever is under way ends then, also when its own limit is longer.
    void give_up_at(base::Instant deadline) { deadline_ = deadline.time_since_epoch().count(); }

  private:
    struct Handle;

    [[nodiscard]] static bool past_deadline(const Post& post);

    const settings::TraceExport& traces_;
    const std::string agent_;
    const std::unique_ptr<Handle> handle_;
    std::atomic<base::Duration::rep> deadline_{base::Instant::max().time_since_epoch().count()};
};

}  // namespace weir::collectors::otlp
