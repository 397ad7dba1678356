// Which part of the page of tenants is asked for. A scraper asks for everything: of a part, the
// increases don't add up to the pool's.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace weir::collectors {

struct TenantView {
    std::optional<std::string> tenant;  // this one alone
    std::size_t limit = 0;              // so many of those who use most, and the others; 0: all
};

}  // namespace weir::collectors
