// The JSON documents of the API: what the agent says of itself as text, one function a path. Field
// names are a contract with the commands. Text that clients chose (names, statements) need not be
// UTF-8: what is not is replaced. PURE.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/health.h"
#include "base/words.h"
#include "proxy/inspection.h"

namespace weir::admin {

// Which entries of a list are wanted; nothing means all.
struct Filter {
    std::optional<std::string> pool, tenant;
};

// A part of a list.
struct Page {
    std::size_t offset = 0;
    std::size_t limit = 0;  // 0: all that follow
};

// `trouble`: who waits now by the oldest wait, then by suspected leaks, then by the share in use.
enum class TenantOrder : std::uint8_t { name, wait, used, rejected, leaks, trouble };

[[nodiscard]] std::string pools_document(const proxy::Snapshot&, const Filter&);
// The template, as "tenants" the pools of its tenants, and as "blame" who waited for whom, the
// worst first; nothing when no template has that name.
[[nodiscard]] std::optional<std::string> pool_document(const proxy::Snapshot&,
                                                       const std::string& pool,
                                                       pool::BlameReading blame);
// Largest first, names where equal.
[[nodiscard]] std::string tenants_document(const proxy::Snapshot&, const Filter&, TenantOrder,
                                           const Page&);
[[nodiscard]] std::string clients_document(const std::vector<proxy::ClientStatus>&, const Filter&);
[[nodiscard]] std::string servers_document(const std::vector<proxy::ServerStatus>&, const Filter&);
[[nodiscard]] std::string leaks_document(const std::vector<proxy::LeakStatus>&, const Filter&);
[[nodiscard]] std::string succession_document(const proxy::SuccessionStatus&);
[[nodiscard]] std::string health_document(const Health&, const proxy::Snapshot&);

}  // namespace weir::admin

namespace weir::base {
template <>
struct Words<admin::TenantOrder> {
    static constexpr std::array<std::string_view, 6> all{"name",     "wait",  "used",
                                                         "rejected", "leaks", "trouble"};
};
}  // namespace weir::base
