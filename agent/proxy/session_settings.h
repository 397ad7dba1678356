// Settings as clients and server connections have them: immutable sets, one object for equal ones,
// so that whether a client and a connection agree is one comparison of pointers. On the tenant's
// home loop. Source: PostgreSQL documentation, "SET", "Asynchronous Operations" (ParameterStatus).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::proxy {

using Parameters = std::vector<std::pair<std::string, std::string>>;

// Names in lower case, in order, each once.
struct ParameterSet {
    Parameters values;
    std::string key;       // equal for equal sets
    std::string analysed;  // of these, what acts when a statement's text is analysed: an analysis
    [[nodiscard]] const std::string* find(std::string_view lower_name) const;
};

// Never null; the empty set is one, too.
using ParameterSetRef = std::shared_ptr<const ParameterSet>;

[[nodiscard]] std::string lower_case(std::string_view name);

class ParameterSets {
  public:
    ParameterSets();
    ParameterSets(const ParameterSets&) = delete;
    ParameterSets& operator=(const ParameterSets&) = delete;

    [[nodiscard]] const ParameterSetRef& empty() const { return empty_; }
    // In any case and order; of names that come twice the last counts.
    [[nodiscard]] ParameterSetRef obtain(Parameters values);
    [[nodiscard]] ParameterSetRef with(const ParameterSet& set, std::string_view name,
                                       std::string_view value);
    [[nodiscard]] ParameterSetRef without(const ParameterSet& set, std::string_view name);
    [[nodiscard]] std::size_t size() const { return known_.size(); }

  private:
    std::unordered_map<std::string_view, std::weak_ptr<const ParameterSet>> known_;
    ParameterSetRef empty_;
};

// The settings under which a statement's text is analysed, each "name NUL value NUL": what the
// server says of its parameters and, of those that it does not report, what was set.
[[nodiscard]] std::string analysis(const ParameterSet& reported, const ParameterSet& own);
[[nodiscard]] bool same_search_path(std::string_view analysis, std::string_view other);
// What of the second is not so in the first; none: it has its default there.
[[nodiscard]] std::vector<std::pair<std::string, std::optional<std::string>>> changed_settings(
    std::string_view analysis, std::string_view other);

// What a connection must be told before it serves a client.
struct SettingsDifference {
    Parameters to_set;
    std::vector<std::string> to_reset;
    [[nodiscard]] bool empty() const { return to_set.empty() && to_reset.empty(); }
};

// `wanted` and `applied`: what client and connection have set beside the connection's own;
// `reported`: what the server says of its parameters now, `base` what it said before anything was
// set. A value that is in force anyway is no difference, however it came about.
[[nodiscard]] SettingsDifference difference(const ParameterSet& wanted, const ParameterSet& applied,
                                            const ParameterSet& reported, const ParameterSet& base);

}  // namespace weir::proxy
