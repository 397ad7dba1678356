// Closed vocabularies: an enum whose every value has one word, which is the metric label, the log
// field and the API value alike. Specialise Words<E> beside the enum; the order is the enum's.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace weir::base {

template <class E>
struct Words;  // static constexpr std::array<std::string_view, N> all

template <class E>
inline constexpr std::size_t word_count = Words<E>::all.size();

template <class E>
[[nodiscard]] constexpr std::string_view word(E value) {
    return Words<E>::all[static_cast<std::size_t>(value)];
}

// The value whose word is `text`; nothing when there is none.
template <class E>
[[nodiscard]] constexpr std::optional<E> from_word(std::string_view text) {
    for (std::size_t i = 0; i < word_count<E>; ++i) {
        if (Words<E>::all[i] == text) return static_cast<E>(i);
    }
    return std::nullopt;
}

// An array indexed by the enum.
template <class E, class T>
struct ByWord {
    std::array<T, word_count<E>> values{};
    T& operator[](E e) { return values[static_cast<std::size_t>(e)]; }
    const T& operator[](E e) const { return values[static_cast<std::size_t>(e)]; }
};

}  // namespace weir::base
