#include "base/wipe.h"

#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero

namespace weir::base {

void wipe(std::string& text) noexcept {
    text.resize(text.capacity());
    explicit_bzero(text.data(), text.size());
    text.clear();
}

}  // namespace weir::base
