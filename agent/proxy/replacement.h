// What a reload puts in the place of what there is: everything that can fail is done when it is
// made, while the agent goes on; swap() can't fail. Afterwards it holds what there was before, so
// that slow things are destroyed while the world goes on. One thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/fd.h"
#include "proxy/accounts.h"
#include "proxy/shared.h"
#include "settings/load.h"

namespace weir::proxy {

class Replacement {
  public:
    using Problems = std::vector<settings::Problem>;
    // A listening socket for a slot: a new one, or that of another slot which leaves the address.
    struct Door {
        std::string address;
        base::Fd socket;
        unsigned taken_from = 0;  // when there is no socket
    };

    Replacement(const Replacement&) = delete;
    Replacement& operator=(const Replacement&) = delete;
    ~Replacement();  // a unix socket's file that was never put into use goes, too

    // Only reads `shared` and `accounts`. Fails with all that is wrong.
    [[nodiscard]] static base::Result<std::unique_ptr<Replacement>, Problems> prepare(
        settings::Snapshot settings, const Shared& shared, const Accounts& accounts);

    // Precondition: all loops stand still, and nobody looks.
    void swap(Shared& shared);

    // -- what the loops then do themselves
    std::unique_ptr<Accounts> accounts;
    std::map<unsigned, Door> doors;      // by listener: to be opened
    std::set<unsigned> closed;           // listeners whose doors close
    std::set<unsigned> moved_upstreams;  // connections made to them before go
    bool asks_anew = false;              // who is asked for accounts, or how, has changed

    // -- what is left of before
    std::vector<std::unique_ptr<CountedDialer>> dialers;

  private:
    explicit Replacement(settings::Snapshot settings) : settings_(std::move(settings)) {}
    void place_upstreams(const Shared& shared);
    void place_pools(const Shared& shared);
    void place_listeners(const Shared& shared, Problems& problems);
    void open_door(const Shared& shared, unsigned slot, const settings::Listen& listen,
                   Problems& problems);
    void swap_upstreams(Shared& shared);
    void swap_listeners(Shared& shared);
    void swap_pools(Shared& shared);

    settings::Snapshot settings_;
    std::vector<unsigned> upstream_slots_, pool_slots_, listener_slots_;  // as in settings_
    Routes routes_;
    std::map<unsigned, std::unique_ptr<CountedDialer>> new_dialers_;  // by upstream
    std::map<unsigned, std::unique_ptr<ListenerTls>> tls_;            // by listener
};

}  // namespace weir::proxy
