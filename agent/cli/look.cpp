#include "cli/look.h"

namespace weir::cli {

base::Result<Look> look(const AdminClient& agent, const std::string& target) {
    auto body = agent.get(target);
    if (!body) return tl::make_unexpected(body.error());
    auto document = parse_document(*body);
    if (!document) return tl::make_unexpected(document.error());
    return Look{std::move(*document), std::move(*body)};
}

std::string selection_query(const std::string& pool, const std::string& tenant) {
    std::string query;
    if (!pool.empty()) query += "?pool=" + percent_encoded(pool);
    if (!tenant.empty())
        query += (query.empty() ? "?tenant=" : "&tenant=") + percent_encoded(tenant);
    return query;
}

}  // namespace weir::cli
