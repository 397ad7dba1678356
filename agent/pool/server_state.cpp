#include "pool/server_state.h"

#include <array>

namespace weir::pool {
namespace {

using S = ServerState;

constexpr unsigned bit(S state) { return 1U << static_cast<unsigned>(state); }

// By the state before; the drawing on top of the header says the same.
constexpr std::array<unsigned, base::word_count<S>> followers{
    bit(S::idle) | bit(S::used) | bit(S::closing),      // connecting
    bit(S::checking) | bit(S::used) | bit(S::closing),  // idle
    bit(S::idle) | bit(S::used) | bit(S::closing),      // checking
    bit(S::idle) | bit(S::used) | bit(S::pinned) | bit(S::resetting) | bit(S::cancelling) |
        bit(S::closing),                                                      // used
    bit(S::used) | bit(S::resetting) | bit(S::cancelling) | bit(S::closing),  // pinned
    bit(S::idle) | bit(S::used) | bit(S::cancelling) | bit(S::closing),       // resetting
    bit(S::idle) | bit(S::used) | bit(S::resetting) | bit(S::closing),        // cancelling
    0,                                                                        // closing
};

}  // namespace

bool may_follow(ServerState from, ServerState to) {
    return (followers[static_cast<std::size_t>(from)] & bit(to)) != 0;
}

}  // namespace weir::pool
