// `weir clear | pause | resume | disable | enable | resize`: acts on a tenant's pool, on those of a
// template, or on all.

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/commands.h"
#include "cli/document.h"
#include "cli/figures.h"

namespace weir::cli {
namespace {

std::string done_word(std::string_view action) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> words{
        {{"clear", "cleared"},
         {"pause", "paused"},
         {"resume", "resumed"},
         {"disable", "disabled"},
         {"enable", "enabled"},
         {"resize", "resized"}}};
    for (const auto& [verb, done] : words) {
        if (verb == action) return std::string(done);
    }
    return std::string(action) + ":";
}

}  // namespace

int perform(const AdminClient& agent, const PoolActionOptions& options, const Output& output) {
    Document order = Document::object();
    if (!options.tenant.empty()) order["tenant"] = options.tenant;
    if (options.max_size) order["max_size"] = *options.max_size;
    const std::string pool = options.pool.empty() ? "*" : options.pool;
    const auto body =
        agent.post("/api/v1/pools/" + percent_encoded(pool) + "/" + percent_encoded(options.action),
                   order.dump(-1, ' ', false, Document::error_handler_t::replace));
    if (!body) return output.fail(body.error().message);
    if (options.json) {
        output.out << *body;
        return 0;
    }
    const auto answered = parse_document(*body);
    if (!answered) return output.fail(answered.error().message);
    const auto count = static_cast<unsigned long long>(number_at(*answered, "pools"));
    output.out << done_word(options.action) << ' ' << counted(count, "pool") << '\n';
    return 0;
}

}  // namespace weir::cli
