// From the database that a client asks for to the template, tenant and app that serve it: the first
// [[pool]] in the file that matches. Compiled once from the settings; immutable; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "settings/pattern.h"
#include "settings/settings.h"

namespace weir::proxy {

struct Route {
    unsigned template_index = 0;  // in Shared::templates
    settings::Match match;
    // Names the pool in the directory: template, tenant and app.
    [[nodiscard]] std::string key() const;
};

class Routes {
  public:
    // `slots`: the template index of each [[pool]]; empty: its place in the file.
    [[nodiscard]] static base::Result<Routes> compile(const settings::Snapshot& settings,
                                                      const std::vector<unsigned>& slots = {});
    [[nodiscard]] std::optional<Route> find(settings::Engine engine,
                                            std::string_view database) const;

  private:
    std::vector<settings::Pattern> patterns_;  // as Settings::pool, like the rest
    std::vector<settings::Engine> engines_;
    std::vector<unsigned> slots_;
};

// The [[upstream]] that a template names. Precondition: validated settings.
[[nodiscard]] unsigned upstream_index(const settings::Settings& settings,
                                      const settings::Pool& pool);

}  // namespace weir::proxy
