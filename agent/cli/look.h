// A look at a running agent: one of its documents. For the sources of commands: it brings JSON
// along.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/admin_client.h"
#include "cli/document.h"

namespace weir::cli {

struct Look {
    Document document;
    std::string body;  // as sent
};
// The document at `target`; fails with one line for people.
[[nodiscard]] base::Result<Look> look(const AdminClient& agent, const std::string& target);

// "?pool=…&tenant=…" of what is not empty.
[[nodiscard]] std::string selection_query(const std::string& pool, const std::string& tenant);

}  // namespace weir::cli
