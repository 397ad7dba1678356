#include "cli/server_access.h"

#include <utility>

#include "upstream/address.h"
#include "upstream/resolver.h"

namespace weir::cli {
namespace {

template <class Token>
class TokenSeat final : public collectors::Seat {
  public:
    explicit TokenSeat(Token token) : token_(std::move(token)) {}

  private:
    Token token_;
};

const char* usual_port(settings::Engine engine) {
    switch (engine) {
        case settings::Engine::mysql:
            return "3306";
        case settings::Engine::redis:
            return "6379";
        case settings::Engine::postgresql:
            break;
    }
    return "5432";
}

collectors::Places locate_server(const settings::Upstream& upstream) {
    const auto endpoints = upstream::parse_address(upstream.address, usual_port(upstream.engine));
    if (!endpoints) return tl::make_unexpected(endpoints.error());
    auto resolved = upstream::resolve(*endpoints);
    if (!resolved) return tl::make_unexpected(resolved.error());
    std::vector<collectors::Place> places;
    for (upstream::Endpoint& endpoint : *resolved) {
        places.push_back(
            {std::move(endpoint.host), std::move(endpoint.port), std::move(endpoint.numeric)});
    }
    return places;
}

}  // namespace

std::unique_ptr<collectors::Seat> AgentsServerAccess::take_seat(const std::string& upstream) {
    auto token = agent_.borrow_token(upstream);
    if (!token) return nullptr;
    return std::make_unique<TokenSeat<std::remove_reference_t<decltype(*token)>>>(
        std::move(*token));
}

AgentsServerAccess::Locate AgentsServerAccess::locate() const { return &locate_server; }

}  // namespace weir::cli
