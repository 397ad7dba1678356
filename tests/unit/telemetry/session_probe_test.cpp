#include "telemetry/session_probe.h"

#include <gtest/gtest.h>

namespace weir::telemetry {
namespace {

TEST(SessionProbe, a_client_is_in_one_state_at_a_time) {
    SessionProbe probe;
    probe.opened();
    probe.entered(ClientState::login);
    probe.changed(ClientState::login, ClientState::idle);
    probe.changed(ClientState::idle, ClientState::waiting);
    EXPECT_EQ(probe.clients(ClientState::login), 0);
    EXPECT_EQ(probe.clients(ClientState::idle), 0);
    EXPECT_EQ(probe.clients(ClientState::waiting), 1);
    probe.closed(ClientState::waiting, ClientClose::timeout);
    EXPECT_EQ(probe.clients(ClientState::waiting), 0);
    EXPECT_EQ(probe.closed_count(ClientClose::timeout), 1u);
    EXPECT_EQ(probe.opened_count(), 1u);
}

TEST(SessionProbe, a_client_handed_over_leaves_without_being_closed) {
    SessionProbe lobby, home;
    lobby.entered(ClientState::login);
    lobby.left(ClientState::login);
    home.entered(ClientState::idle);
    EXPECT_EQ(lobby.clients(ClientState::login), 0);
    EXPECT_EQ(home.clients(ClientState::idle), 1);
    for (std::size_t i = 0; i < base::word_count<ClientClose>; ++i) {
        EXPECT_EQ(lobby.closed_count(static_cast<ClientClose>(i)), 0u);
    }
}

}  // namespace
}  // namespace weir::telemetry
