#include "settings/report.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir::settings {

void Report::add(const Place& place, std::string key, std::string message) {
    entries_.push_back({place, {place.text, std::move(key), std::move(message)}});
}

bool Report::has(const std::string& key) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& entry) { return entry.problem.key == key; });
}

std::vector<Problem> Report::problems() const {
    auto sorted = entries_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const Entry& a, const Entry& b) {
        const auto rank = [](const Place& p) { return std::tuple(p.line == 0, p.line, p.column); };
        return rank(a.place) < rank(b.place);
    });
    std::vector<Problem> problems;
    problems.reserve(sorted.size());
    for (auto& entry : sorted) problems.push_back(std::move(entry.problem));
    return problems;
}

std::string Problem::text() const {
    std::string line;
    for (const auto* part : {&where, &key, &message}) {
        if (part->empty()) continue;
        if (!line.empty()) line += ": ";
        line += *part;
    }
    return line;
}

}  // namespace weir::settings
