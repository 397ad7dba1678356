// Results of whatever a network or a person can cause: a value or the reason why not.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace weir::base {

// A reason for people; code that must branch on a failure uses an enum of its own instead.
struct Error {
    std::string message;
};

template <class T, class E = Error>
using Result = tl::expected<T, E>;

[[nodiscard]] inline tl::unexpected<Error> error(std::string message) {
    return tl::make_unexpected(Error{std::move(message)});
}

}  // namespace weir::base
