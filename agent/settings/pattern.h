// The patterns of [[pool]]: which database name a template serves and which tenant and app it
// means. {tenant} and {app} match [A-Za-z0-9_-]{1,63}; where both stand in a pattern, {app} is what
// follows the last separator (in front of {tenant}: what precedes the first). "*" matches every
// name. Compiled once a load; matching does not allocate but for the result.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::settings {

struct Match {
    std::string tenant;  // without {tenant} in the pattern: the database's name
    std::string app;     // empty without {app}
};

class Pattern {
  public:
    [[nodiscard]] static base::Result<Pattern> compile(std::string_view text);
    [[nodiscard]] std::optional<Match> match(std::string_view database) const;
    [[nodiscard]] bool has_tenant() const { return tenant_; }
    [[nodiscard]] bool has_app() const { return app_; }
    [[nodiscard]] bool matches_everything() const { return any_; }

  private:
    std::string prefix_, middle_, suffix_;
    bool any_ = false, tenant_ = false, app_ = false, tenant_first_ = true;
};

// `text` with {tenant}, {app} and {user} filled in.
[[nodiscard]] std::string fill(std::string_view text, const Match&, std::string_view user = {});

}  // namespace weir::settings
