#include "settings/pattern.h"

#include <algorithm>

namespace weir::settings {
namespace {

constexpr std::string_view tenant_place = "{tenant}";
constexpr std::string_view app_place = "{app}";
constexpr std::size_t longest_name = 63;  // NAMEDATALEN - 1

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= longest_name &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-';
           });
}

}  // namespace

base::Result<Pattern> Pattern::compile(std::string_view text) {
    Pattern pattern;
    if (text == "*") {
        pattern.any_ = true;
        return pattern;
    }
    std::string* literal = &pattern.prefix_;
    while (!text.empty()) {
        const bool tenant = text.starts_with(tenant_place);
        const bool app = text.starts_with(app_place);
        if (!tenant && !app) {
            if (text.front() == '{' || text.front() == '}' || text.front() == '*') {
                return base::error(
                    "only {tenant} and {app} may stand in braces, and * only by itself");
            }
            literal->push_back(text.front());
            text.remove_prefix(1);
            continue;
        }
        const bool again = tenant ? pattern.tenant_ : pattern.app_;
        if (again) return base::error("{tenant} and {app} may each stand only once");
        const bool second = pattern.tenant_ || pattern.app_;
        if (second && pattern.middle_.empty()) {
            return base::error("{tenant} and {app} need a separator between them");
        }
        if (!second) pattern.tenant_first_ = tenant;
        (tenant ? pattern.tenant_ : pattern.app_) = true;
        literal = second ? &pattern.suffix_ : &pattern.middle_;
        text.remove_prefix(tenant ? tenant_place.size() : app_place.size());
    }
    // With one place only, what follows it is the end, not a separator.
    if (!(pattern.tenant_ && pattern.app_)) pattern.suffix_.swap(pattern.middle_);
    return pattern;
}

std::optional<Match> Pattern::match(std::string_view database) const {
    if (any_) return Match{std::string(database), {}};
    if (!tenant_ && !app_) {
        if (database != prefix_) return std::nullopt;
        return Match{std::string(database), {}};
    }
    if (database.size() < prefix_.size() + suffix_.size() || !database.starts_with(prefix_) ||
        !database.ends_with(suffix_)) {
        return std::nullopt;
    }
    std::string_view inner = database;
    inner.remove_prefix(prefix_.size());
    inner.remove_suffix(suffix_.size());
    if (!(tenant_ && app_)) {
        if (!is_name(inner)) return std::nullopt;
        if (tenant_) return Match{std::string(inner), {}};
        return Match{std::string(database), std::string(inner)};
    }
    // The app is the side without a separator in it: tenants have the freer names.
    const auto at = tenant_first_ ? inner.rfind(middle_) : inner.find(middle_);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view left = inner.substr(0, at);
    const std::string_view right = inner.substr(at + middle_.size());
    if (!is_name(left) || !is_name(right)) return std::nullopt;
    return Match{std::string(tenant_first_ ? left : right),
                 std::string(tenant_first_ ? right : left)};
}

std::string fill(std::string_view text, const Match& match, std::string_view user) {
    const std::pair<std::string_view, std::string_view> places[] = {
        {tenant_place, match.tenant}, {app_place, match.app}, {"{user}", user}};
    std::string filled;
    while (!text.empty()) {
        const auto* const place =
            std::find_if(std::begin(places), std::end(places),
                         [&](const auto& candidate) { return text.starts_with(candidate.first); });
        if (place == std::end(places)) {
            filled.push_back(text.front());
            text.remove_prefix(1);
            continue;
        }
        filled.append(place->second);
        text.remove_prefix(place->first.size());
    }
    return filled;
}

}  // namespace weir::settings
