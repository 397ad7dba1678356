#include "wire/postgresql/command_tag.h"

namespace weir::wire::postgresql {

namespace {

std::string_view trimmed(std::string_view tag) { return tag.substr(0, tag.find('\0')); }

}  // namespace

std::optional<Effect> effect_of_tag(std::string_view tag) {
    tag = trimmed(tag);
    if (tag == "SET" || tag == "RESET") return Effect::setting;
    if (tag == "LISTEN") return Effect::listen;
    if (tag == "PREPARE") return Effect::prepared;
    if (tag == "LOAD") return Effect::other;
    return std::nullopt;
}

bool clears_session(std::string_view tag) { return trimmed(tag) == "DISCARD ALL"; }

bool clears_statements(std::string_view tag) {
    return clears_session(tag) || trimmed(tag) == "DEALLOCATE ALL";
}

}  // namespace weir::wire::postgresql
