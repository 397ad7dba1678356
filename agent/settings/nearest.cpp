#include "settings/nearest.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::settings {
namespace {
constexpr std::size_t longest_word = 128;  // the table below is quadratic
}

std::size_t edit_distance(std::string_view from, std::string_view to) {
    // Three rows of the table of distances between prefixes: a swap looks two rows back.
    std::vector<std::size_t> before_last(to.size() + 1);
    std::vector<std::size_t> last(to.size() + 1);
    std::vector<std::size_t> row(to.size() + 1);
    for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= from.size(); ++i) {
        before_last.swap(last);
        last.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
    }
    return row[to.size()];
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    if (word.size() > longest_word) return {};
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const auto& candidate : known) {
        const auto distance = edit_distance(word, candidate);
        // A short word of which nothing is left is no likeness.
        if (distance < best_distance && distance < candidate.size()) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
    const auto best = nearest(word, known);
    return best.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", best);
}

}  // namespace weir::settings
