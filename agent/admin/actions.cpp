#include "admin/actions.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "admin/documents.h"
#include "base/words.h"
#include "proxy/audit.h"

namespace weir::admin {

enum class PoolAction : std::uint8_t { clear, pause, resume, disable, enable, resize };

}  // namespace weir::admin

namespace weir::base {
template <>
struct Words<admin::PoolAction> {
    static constexpr std::array<std::string_view, 6> all{"clear",   "pause",  "resume",
                                                         "disable", "enable", "resize"};
};
}  // namespace weir::base

namespace weir::admin {
namespace {

using proxy::Inspection;
using proxy::Outcome;
using proxy::Refused;

constexpr unsigned largest_pool = 100000;

struct Order {
    std::optional<std::string> tenant;
    std::optional<unsigned> max_size;
};

// The body's mistake in words, or what it asks for. An empty body asks for nothing particular.
base::Result<Order> parse_order(const std::string& body) {
    Order order;
    if (body.find_first_not_of(" \t\r\n") == std::string::npos) return order;
    const nlohmann::json document = nlohmann::json::parse(body, nullptr, false);
    if (!document.is_object()) return base::error("the body is not a JSON object");
    for (const auto& [key, value] : document.items()) {
        if (key == "tenant") {
            if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
                return base::error("tenant: expected a name");
            }
            order.tenant = value.get<std::string>();
        } else if (key == "max_size") {
            if (!value.is_number_unsigned() || value.get<std::uint64_t>() < 1 ||
                value.get<std::uint64_t>() > largest_pool) {
                return base::error(
                    fmt::format("max_size: expected a whole number from 1 to {}", largest_pool));
            }
            order.max_size = value.get<unsigned>();
        } else {
            return base::error(fmt::format("{}: unknown key; known are tenant, max_size", key));
        }
    }
    return order;
}

Response refused(const Refused& why) {
    switch (why.kind) {
        case Refused::Kind::not_found:
            return refusal(404, "not_found", why.message);
        case Refused::Kind::invalid:
            return refusal(400, "invalid", why.message);
        case Refused::Kind::busy:
            return refusal(409, "busy", why.message);
    }
    return refusal(500, "internal", why.message);
}

Outcome<unsigned> perform(Inspection& agent, PoolAction action, const proxy::Selection& selection,
                          unsigned max_size) {
    switch (action) {
        case PoolAction::clear:
            return agent.clear(selection);
        case PoolAction::pause:
            return agent.pause(selection);
        case PoolAction::resume:
            return agent.resume(selection);
        case PoolAction::disable:
            return agent.disable(selection, true);
        case PoolAction::enable:
            return agent.disable(selection, false);
        case PoolAction::resize:
            return agent.resize(selection, max_size);
    }
    return tl::make_unexpected(Refused{Refused::Kind::invalid, "unknown action"});
}

std::string printed(const nlohmann::json& document) {
    return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Response done(const char* what, unsigned count) {
    return json_answer(nlohmann::json{{what, count}}.dump() + "\n");
}

std::string result_of(const Outcome<unsigned>& outcome, const char* what) {
    return outcome ? fmt::format("{}={}", what, *outcome) : "refused: " + outcome.error().message;
}

Response bad_request(const Request& request, std::string_view action, const std::string& target,
                     const std::string& message) {
    audit(request, action, target, "", "refused: " + message);
    return refusal(400, "bad_request", message);
}

}  // namespace

void audit(const Request& request, std::string_view action, std::string_view target,
           std::string_view tenant, std::string_view result) {
    proxy::audit(request.peer, action, target, tenant, result);
}

Response act_on_pool(Inspection& agent, const Request& request, const std::string& pool,
                     const std::string& action) {
    const auto wanted = base::from_word<PoolAction>(action);
    if (!wanted) {
        return refusal(404, "not_found", fmt::format("there is no action \"{}\"", action));
    }
    const auto order = parse_order(request.body);
    if (!order) return bad_request(request, action, pool, order.error().message);
    if (order->max_size.has_value() != (*wanted == PoolAction::resize)) {
        return bad_request(request, action, pool,
                           order->max_size ? "max_size belongs to resize" : "max_size is missing");
    }
    const proxy::Selection selection{pool == "*" ? std::string() : pool, order->tenant};
    const auto outcome = perform(agent, *wanted, selection, order->max_size.value_or(0));
    std::string result = result_of(outcome, "pools");
    if (order->max_size) result += fmt::format(" max_size={}", *order->max_size);
    audit(request, action, pool, order->tenant.value_or(""), result);
    return outcome ? done("pools", *outcome) : refused(outcome.error());
}

Response kill_server(Inspection& agent, const Request& request, const std::string& server) {
    const auto outcome = agent.kill(server);
    audit(request, "kill", server, "", result_of(outcome, "connections"));
    return outcome ? done("connections", *outcome) : refused(outcome.error());
}

Response reload(Inspection& agent, const Request& request) {
    const proxy::Reloaded reloaded = agent.reload();
    audit(request, "reload", "agent", "", proxy::result_of(reloaded));
    if (reloaded) return json_answer(printed(nlohmann::json{{"changes", *reloaded}}));
    const proxy::ReloadRefused& why = reloaded.error();
    nlohmann::json problems = nlohmann::json::array();
    for (const settings::Problem& problem : why.problems) {
        problems.push_back(
            {{"where", problem.where}, {"key", problem.key}, {"message", problem.message}});
    }
    const char* const code = why.busy ? "busy" : "invalid";
    Response response;
    response.status = why.busy ? 409 : 422;
    response.body = printed(nlohmann::json{
        {"error", {{"code", code}, {"message", proxy::text_of(why)}}}, {"problems", problems}});
    return response;
}

Response begin_drain(Inspection& agent, const Request& request) {
    agent.drain();
    audit(request, "drain", "agent", "", "draining");
    return json_answer("{\"draining\":true}\n");
}

Response begin_restart(Inspection& agent, const Request& request) {
    const auto asked = agent.restart();
    audit(request, "restart", "agent", "",
          asked ? "starting a successor" : "refused: " + asked.error().message);
    if (!asked) return refused(asked.error());
    Response response = json_answer(succession_document(agent.succession()));
    response.status = 202;
    return response;
}

}  // namespace weir::admin
