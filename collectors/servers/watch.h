// The watch over one upstream's server: a thread that asks it every `observe.every` and tells its
// probe. A poll opens a connection and closes it again: a kept one would cost the server a slot,
// and the budget a seat, for ever. A poll that hangs or fails holds up nobody but its own watch.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/fd.h"
#include "collectors/servers/questions.h"
#include "collectors/servers/server_access.h"
#include "settings/settings.h"
#include "telemetry/registry.h"

namespace weir::collectors {

class Watch {
  public:
    // So many intervals the last reading is shown for while no newer one can be had.
    static constexpr int worth_intervals = 3;

    // Begins at once. `registry` and `access` outlive it.
    Watch(settings::Upstream upstream, telemetry::Registry& registry, ServerAccess& access);
    ~Watch();  // breaks off a poll under way
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    [[nodiscard]] const settings::Upstream& upstream() const { return upstream_; }

  private:
    void run();
    void poll();
    [[nodiscard]] Places find_places(const Patience& patience) const;
    [[nodiscard]] Asked ask_one_of(const std::vector<Place>& places,
                                   const Patience& patience) const;
    void failed(const std::string& why, base::Instant began);

    const settings::Upstream upstream_;
    ServerAccess& access_;
    const std::shared_ptr<telemetry::ServerProbe> probe_;
    const std::shared_ptr<telemetry::UpstreamProbe> budget_;
    const base::Fd stop_;

    // The thread's own.
    std::string problem_;  // said already
    base::Instant read_at_{};
    std::thread thread_;
};

}  // namespace weir::collectors
