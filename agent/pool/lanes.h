// A pool's counts for each compatibility key: who waits for such a connection, how many are on
// their way, and the back-off of an account or database that the server refuses. Part of a pool;
// touched only when somebody has to wait or a connection is made.
#pragma once

#include <string>
#include <vector>

#include "pool/server.h"

namespace weir::pool {

struct Lane {
    CompatibilityKey key = 0;
    unsigned waiting = 0, dialing = 0, checking = 0;
    Instant retry_at{};  // no dial before; refused by the server until then
    Duration backoff{};  // of the last refusal; 0: none
    CreateFailure failure = CreateFailure::auth;  // the last one's, while backoff > 0
    std::string sqlstate, message;

    // Waiters for whom no connection is on its way.
    [[nodiscard]] unsigned unserved() const {
        const unsigned coming = dialing + checking;
        return waiting > coming ? waiting - coming : 0;
    }
    [[nodiscard]] unsigned spare() const {
        const unsigned coming = dialing + checking;
        return coming > waiting ? coming - waiting : 0;
    }
    void refused(CreateFailure why, std::string state, std::string text, Instant now);
    void reached() { backoff = Duration::zero(); }
};

class Lanes {
  public:
    [[nodiscard]] Lane& of(CompatibilityKey key);  // found or made; valid until the next of()
    [[nodiscard]] Lane* find(CompatibilityKey key);
    void forget(CompatibilityKey key);  // precondition: nobody waits, no dial is under way
    [[nodiscard]] auto begin() { return lanes_.begin(); }
    [[nodiscard]] auto end() { return lanes_.end(); }
    [[nodiscard]] auto begin() const { return lanes_.begin(); }
    [[nodiscard]] auto end() const { return lanes_.end(); }

  private:
    std::vector<Lane> lanes_;
};

}  // namespace weir::pool
