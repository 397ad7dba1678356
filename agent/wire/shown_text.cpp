#include "wire/shown_text.h"

#include <algorithm>
#include <utility>

namespace weir::wire {

namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

// Bytes of the UTF-8 character at the front; 0 when it is none (RFC 3629).
std::size_t character_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
    const auto second = static_cast<unsigned char>(text[1]);
    const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    const bool outside = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
    if (overlong || outside) return 0;
    const auto rest = text.substr(1, length - 1);
    return std::all_of(rest.begin(), rest.end(), is_continuation) ? length : 0;
}

}  // namespace

void ShownText::literal() {
    flush_space();
    out_.push_back('?');
}

void ShownText::show(std::string_view text) {
    flush_space();
    while (!text.empty() && !full()) {
        const std::size_t length = character_length(text);
        if (length == 0) {
            out_.push_back('?');
            text.remove_prefix(1);
            continue;
        }
        if (is_shown_as_space(text.front())) {
            out_.push_back(' ');
        } else {
            out_.append(text.substr(0, length));
        }
        text.remove_prefix(length);
    }
}

std::string ShownText::take() {
    if (full()) {
        std::size_t cut = limit_;
        while (cut > 0 && is_continuation(out_[cut])) --cut;
        out_.resize(cut);
    }
    while (out_.ends_with(' ')) out_.pop_back();
    return std::move(out_);
}

void ShownText::flush_space() {
    if (space_ && !out_.empty()) out_.push_back(' ');
    space_ = false;
}

}  // namespace weir::wire
