// Learns the version of MySQL servers before their first client is greeted, because drivers go by
// the greeting's: one connection beside all pools, with a token of the upstream's budget, by an
// account of its pools. Connections of the pools tell it as well. The lobby's thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "proxy/shared.h"

namespace weir::proxy {

class MysqlVersions {
  public:
    // Greeted with while no server is known.
    static constexpr std::string_view usual = "8.0.36-weir";

    explicit MysqlVersions(Shared& shared) : shared_(shared) {}

    // What a client is greeted with: the version of the first upstream whose server is known, in
    // the words of such a server's greeting.
    [[nodiscard]] std::string greeting() const;
    // Asks those servers that are not known, at most once a second.
    void learn(base::Instant now);

  private:
    struct Asked {
        std::string user;
        settings::Secret password;
    };
    [[nodiscard]] std::optional<Asked> account_of(const settings::Upstream& upstream) const;
    void ask(const std::shared_ptr<UpstreamLink>& link, base::Instant now);

    Shared& shared_;
    base::Instant next_{};
};

}  // namespace weir::proxy
