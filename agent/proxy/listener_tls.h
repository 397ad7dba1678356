// A listener's TLS while the agent runs: its certificate, loaded again when its files have changed.
// Files that can't be used leave the old certificate in place: each such state of them is warned of
// and counted once. Loaded before the lobby runs, then the lobby's thread only.
#pragma once

#include <sys/stat.h>

#include <array>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "loop/tls_context.h"
#include "settings/settings.h"
#include "telemetry/session_probe.h"

namespace weir::proxy {

class ListenerTls {
  public:
    static constexpr base::Duration check_interval = std::chrono::seconds(1);

    // Fails with which file is wrong. Precondition: the listener's mode is not `disable`.
    [[nodiscard]] static base::Result<std::unique_ptr<ListenerTls>> make(
        const settings::Listen& listen);

    // The server's side of a new connection; nullptr without memory.
    [[nodiscard]] std::unique_ptr<loop::Tls> accept() const { return context_->accept(); }
    // Looks at the files, at most once every check_interval.
    void tick(base::Instant now, telemetry::SessionProbe& probe);
    // A client's handshake has failed: logged, at most once a second.
    void handshake_failed(base::Instant now, std::string_view address, std::string_view reason);

  private:
    // What changes with a file: written anew, replaced, or a link to it turned.
    struct Stamp {
        dev_t device = 0;
        ino_t inode = 0;
        off_t size = 0;
        timespec modified{}, changed{};
        bool operator==(const Stamp& other) const;
    };
    using Stamps = std::array<Stamp, 3>;  // cert, key, ca

    explicit ListenerTls(const settings::Listen& listen) : listen_(listen) {}
    [[nodiscard]] base::Result<void> load();
    [[nodiscard]] Stamps look() const;

    const settings::Listen listen_;
    std::shared_ptr<const loop::TlsContext> context_;
    Stamps tried_{};  // those of the last attempt to load
    Stamps seen_{};   // those of the last look
    base::Instant next_check_{};
    base::Instant log_again_{};
    unsigned unlogged_ = 0;
};

}  // namespace weir::proxy
