#include "proxy/session_settings.h"

#include <algorithm>
#include <array>

namespace weir::proxy {
namespace {

constexpr std::array analysis_settings = std::to_array<std::string_view>(
    {"array_nulls", "backslash_quote", "client_encoding", "datestyle", "intervalstyle",
     "search_path", "standard_conforming_strings", "timezone", "transform_null_equals",
     "xmloption"});

void put(std::string& out, std::string_view text) {
    out += text;
    out.push_back('\0');
}

bool acts_on_analysis(std::string_view name) {
    return std::binary_search(analysis_settings.begin(), analysis_settings.end(), name);
}

std::optional<std::string> value_in(std::string_view analysis, std::string_view name) {
    while (!analysis.empty()) {
        const std::size_t name_end = analysis.find('\0');
        const std::size_t value_end = analysis.find('\0', name_end + 1);
        if (analysis.substr(0, name_end) == name) {
            return std::string(analysis.substr(name_end + 1, value_end - name_end - 1));
        }
        analysis.remove_prefix(value_end + 1);
    }
    return std::nullopt;
}

auto place_of(const Parameters& values, std::string_view name) {
    return std::lower_bound(values.begin(), values.end(), name,
                            [](const auto& entry, std::string_view n) { return entry.first < n; });
}

}  // namespace

std::string lower_case(std::string_view name) {
    std::string lower(name);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return lower;
}

const std::string* ParameterSet::find(std::string_view lower_name) const {
    const auto place = place_of(values, lower_name);
    return place == values.end() || place->first != lower_name ? nullptr : &place->second;
}

ParameterSets::ParameterSets() : empty_(obtain({})) {}

ParameterSetRef ParameterSets::obtain(Parameters values) {
    for (auto& [name, value] : values) name = lower_case(name);
    std::stable_sort(values.begin(), values.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    // Of equal names the last stays.
    const auto first = std::unique(values.rbegin(), values.rend(),
                                   [](const auto& a, const auto& b) { return a.first == b.first; });
    values.erase(values.begin(), first.base());

    std::string key;
    std::string analysed;
    for (const auto& [name, value] : values) {
        put(key, name);
        put(key, value);
        if (acts_on_analysis(name)) {
            put(analysed, name);
            put(analysed, value);
        }
    }
    if (const auto found = known_.find(key); found != known_.end()) return found->second.lock();
    auto made = std::make_unique<ParameterSet>(
        ParameterSet{std::move(values), std::move(key), std::move(analysed)});
    const std::string_view known_as = made->key;
    ParameterSetRef set(made.release(), [this](const ParameterSet* last) {
        known_.erase(last->key);
        delete last;
    });
    known_.emplace(known_as, set);
    return set;
}

ParameterSetRef ParameterSets::with(const ParameterSet& set, std::string_view name,
                                    std::string_view value) {
    Parameters values = set.values;
    values.emplace_back(name, value);
    return obtain(std::move(values));
}

ParameterSetRef ParameterSets::without(const ParameterSet& set, std::string_view name) {
    Parameters values = set.values;
    const auto place = place_of(values, name);
    if (place != values.end() && place->first == name) values.erase(place);
    return obtain(std::move(values));
}

std::string analysis(const ParameterSet& reported, const ParameterSet& own) {
    std::string analysed = reported.analysed;
    for (const auto& [name, value] : own.values) {
        if (!acts_on_analysis(name) || reported.find(name) != nullptr) continue;
        put(analysed, name);
        put(analysed, value);
    }
    return analysed;
}

bool same_search_path(std::string_view analysis, std::string_view other) {
    return value_in(analysis, "search_path") == value_in(other, "search_path");
}

std::vector<std::pair<std::string, std::optional<std::string>>> changed_settings(
    std::string_view analysis, std::string_view other) {
    std::vector<std::pair<std::string, std::optional<std::string>>> changed;
    for (const std::string_view name : analysis_settings) {
        std::optional<std::string> value = value_in(other, name);
        if (value != value_in(analysis, name)) changed.emplace_back(name, std::move(value));
    }
    return changed;
}

SettingsDifference difference(const ParameterSet& wanted, const ParameterSet& applied,
                              const ParameterSet& reported, const ParameterSet& base) {
    SettingsDifference difference;
    for (const auto& [name, value] : wanted.values) {
        const std::string* now = reported.find(name);
        if (now == nullptr) now = applied.find(name);
        if (now == nullptr || *now != value) difference.to_set.emplace_back(name, value);
    }
    for (const auto& [name, value] : applied.values) {
        if (wanted.find(name) != nullptr) continue;
        const std::string* const now = reported.find(name);
        const std::string* const before = base.find(name);
        if (now != nullptr && before != nullptr && *now == *before) continue;
        difference.to_reset.push_back(name);
    }
    return difference;
}

}  // namespace weir::proxy
