// Who uses the connections of an upstream, at one moment: so many of each tenant, over all
// templates and loops. Built by the budget under its mutex, read by one loop's thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::pool {

class Holdings {
  public:
    // Tenants known by name: enough to say who it is when somebody takes more than a share.
    static constexpr std::size_t named = 4;
    struct Share {
        std::string tenant;
        unsigned used = 0;
    };

    void add(std::string_view tenant, unsigned used);
    void complete();  // after the last add(), before what follows

    [[nodiscard]] unsigned total() const { return total_; }
    [[nodiscard]] unsigned of(std::string_view tenant) const;
    // Those who use most, largest first.
    [[nodiscard]] const std::vector<Share>& largest() const { return largest_; }

  private:
    struct Part {
        std::string_view tenant;  // while being added
        std::size_t hash = 0;
        unsigned used = 0;
    };
    std::vector<Part> parts_;  // one a tenant, by hash, once complete
    std::vector<Share> largest_;
    unsigned total_ = 0;
};

}  // namespace weir::pool
