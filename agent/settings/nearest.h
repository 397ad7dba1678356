// The known word that a mistyped one probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::settings {

// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view from, std::string_view to);

// Empty when none is near: more than a third of the word would have to change.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& known);

// "; did you mean \"max_size\"?", or empty when none is near.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string>& known);

}  // namespace weir::settings
