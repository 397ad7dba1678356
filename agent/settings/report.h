// Collects what is wrong with a configuration, so that everything is told at once, in the order of
// the file; what the environment did comes last.
#pragma once

#include <string>
#include <vector>

#include "settings/load.h"
#include "settings/node.h"

namespace weir::settings {

class Report {
  public:
    void add(const Place& place, std::string key, std::string message);
    // True when something is already wrong with this very key.
    [[nodiscard]] bool has(const std::string& key) const;
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] std::vector<Problem> problems() const;

  private:
    struct Entry {
        Place place;
        Problem problem;
    };
    std::vector<Entry> entries_;
};

}  // namespace weir::settings
