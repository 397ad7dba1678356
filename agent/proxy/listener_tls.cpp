#include "proxy/listener_tls.h"

#include <tuple>

#include "base/log.h"

namespace weir::proxy {
namespace {

// By ALPN; the other engines have no name there.
const char* protocol_of(settings::Engine engine) {
    return engine == settings::Engine::postgresql ? "postgresql" : nullptr;
}

constexpr base::Duration log_interval = std::chrono::seconds(1);

}  // namespace

bool ListenerTls::Stamp::operator==(const Stamp& other) const {
    const auto all = [](const Stamp& s) {
        return std::tuple(s.device, s.inode, s.size, s.modified.tv_sec, s.modified.tv_nsec,
                          s.changed.tv_sec, s.changed.tv_nsec);
    };
    return all(*this) == all(other);
}

base::Result<std::unique_ptr<ListenerTls>> ListenerTls::make(const settings::Listen& listen) {
    std::unique_ptr<ListenerTls> made(new ListenerTls(listen));
    made->tried_ = made->seen_ = made->look();
    if (auto loaded = made->load(); !loaded) {
        return base::error("listener \"" + listen.name + "\": " + loaded.error().message);
    }
    return made;
}

base::Result<void> ListenerTls::load() {
    const settings::ListenTls& tls = listen_.tls;
    auto context = loop::TlsContext::load(
        {tls.cert, tls.key, tls.mode == settings::ClientTls::verify ? tls.ca : std::string(),
         protocol_of(listen_.engine)});
    if (!context) return tl::make_unexpected(context.error());
    context_ = std::move(*context);
    return {};
}

ListenerTls::Stamps ListenerTls::look() const {
    Stamps stamps;
    std::size_t i = 0;
    for (const std::string* path : {&listen_.tls.cert, &listen_.tls.key, &listen_.tls.ca}) {
        struct stat file {};
        if (!path->empty() && ::stat(path->c_str(), &file) == 0) {
            stamps[i] = {file.st_dev, file.st_ino, file.st_size, file.st_mtim, file.st_ctim};
        }
        ++i;
    }
    return stamps;
}

// Certificate and key are two files: they are read once neither has changed since the look before,
// so that a pair being replaced is not taken half.
void ListenerTls::tick(base::Instant now, telemetry::SessionProbe& probe) {
    if (now < next_check_) return;
    next_check_ = now + check_interval;
    const Stamps stamps = look();
    const bool settled = stamps == seen_;
    seen_ = stamps;
    if (!settled || stamps == tried_) return;
    tried_ = stamps;
    if (auto loaded = load(); !loaded) {
        probe.certificate_refused();
        base::log::warn("listener.certificate_kept",
                        {{"listener", listen_.name}, {"error", loaded.error().message}});
        return;
    }
    base::log::info("listener.certificate_loaded", {{"listener", listen_.name}});
}

void ListenerTls::handshake_failed(base::Instant now, std::string_view address,
                                   std::string_view reason) {
    if (now < log_again_) {
        ++unlogged_;
        return;
    }
    log_again_ = now + log_interval;
    base::log::info("client.tls_failed", {{"listener", listen_.name},
                                          {"address", address},
                                          {"reason", reason},
                                          {"unlogged", std::exchange(unlogged_, 0U)}});
}

}  // namespace weir::proxy
