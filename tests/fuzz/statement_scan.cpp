// However a text is cut, the scan finds the same in it; shown without its literals it stays within
// its limit, is UTF-8 and has no control characters. A statement in front of it hides nothing, and
// SET behind it is found unless a literal or comment may swallow it.
#include "wire/postgresql/statement_scan.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using weir::wire::postgresql::Effect;
using weir::wire::postgresql::effect_bit;
using weir::wire::postgresql::StatementScan;
using weir::wire::postgresql::without_literals;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

std::uint32_t scan(std::string_view text, std::size_t piece, bool standard_strings) {
    StatementScan scan;
    scan.reset(standard_strings);
    for (std::size_t at = 0; at < text.size(); at += piece) scan.feed(text.substr(at, piece));
    scan.finish();
    return scan.effects();
}

bool is_shown_well(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') return false;
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    for (const bool standard : {true, false}) {
        const std::uint32_t whole = scan(text, text.size() + 1, standard);
        require(scan(text, 1, standard) == whole);
        require(scan(text, data[0] % 16 + 1U, standard) == whole);
        const std::string behind = "SELECT 1;" + std::string(text);
        require((scan(behind, behind.size(), standard) & whole) == whole);
        const bool plain = text.find_first_of("'\"$-/\\") == std::string_view::npos;
        const std::string before = std::string(text) + ";SET x = 1";
        if (plain) require((scan(before, 7, standard) & effect_bit(Effect::setting)) != 0);
    }
    const std::size_t limit = data[0];
    const std::string shown = without_literals(text, limit);
    require(shown.size() <= limit);
    require(is_shown_well(shown));
    require(without_literals(text, size * 4).starts_with(shown));
    return 0;
}
