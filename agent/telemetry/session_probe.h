// Clients of one listener on one loop: who is there, in which state, why they came and went.
#pragma once

#include "telemetry/cell.h"
#include "telemetry/vocabulary.h"

namespace weir::telemetry {

class alignas(64) SessionProbe {
  public:
    void opened() { opened_.add(); }
    void entered(ClientState state) { clients_[state].add(1); }
    void changed(ClientState from, ClientState to) {
        clients_[from].add(-1);
        clients_[to].add(1);
    }
    void left(ClientState state) { clients_[state].add(-1); }  // handed to another loop
    void closed(ClientState last, ClientClose reason) {
        clients_[last].add(-1);
        closed_[reason].add();
    }
    void certificate_refused() { certificates_refused_.add(); }  // changed files of no use
    void refused_login(AuthFailure reason) { auth_failures_[reason].add(); }

    [[nodiscard]] std::int64_t clients(ClientState state) const { return clients_[state].read(); }
    [[nodiscard]] std::uint64_t opened_count() const { return opened_.read(); }
    [[nodiscard]] std::uint64_t closed_count(ClientClose r) const { return closed_[r].read(); }
    [[nodiscard]] std::uint64_t certificates_refused() const {
        return certificates_refused_.read();
    }
    [[nodiscard]] std::uint64_t auth_failures(AuthFailure r) const {
        return auth_failures_[r].read();
    }

  private:
    Counter opened_;
    Counter certificates_refused_;
    base::ByWord<ClientState, Gauge> clients_;
    base::ByWord<ClientClose, Counter> closed_;
    base::ByWord<AuthFailure, Counter> auth_failures_;
};

}  // namespace weir::telemetry
