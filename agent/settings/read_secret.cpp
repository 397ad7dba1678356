#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "settings/file_text.h"
#include "settings/read_value.h"

namespace weir::settings {
namespace {

Value<Secret> from_environment(const std::string& name, const Environment& environment) {
    const auto found = environment.find(name);
    if (found == environment.end()) {
        return tl::make_unexpected(fmt::format("the environment has no {}", name));
    }
    return Secret::of(found->second);
}

Value<Secret> from_file(const std::string& path, PerTenant per_tenant) {
    if (path.find('{') != std::string::npos) {
        auto rest = path;
        for (auto at = rest.find("{tenant}"); at != std::string::npos; at = rest.find("{tenant}")) {
            rest.erase(at, std::string_view("{tenant}").size());
        }
        if (per_tenant == PerTenant::no || rest.find_first_of("{}") != std::string::npos) {
            return tl::make_unexpected(fmt::format(
                "{} may stand in a secret's path{}",
                per_tenant == PerTenant::no ? "no {tenant}" : "only {tenant}",
                per_tenant == PerTenant::no ? " here: only in that of a pool's password" : ""));
        }
        return Secret::in_file(path);
    }
    auto text = read_file_text(path, Secret::longest);
    if (!text && text.error() == EFBIG) {
        return tl::make_unexpected(fmt::format("{} is too long for a secret", path));
    }
    if (!text) {
        return tl::make_unexpected(
            fmt::format("can't read {}: {}", path, std::strerror(text.error())));
    }
    drop_line_end(*text);
    if (text->empty()) return tl::make_unexpected(fmt::format("{} is empty", path));
    return Secret::taken_from(*text);
}

}  // namespace

Value<Secret> read_secret(const Node& node, const Environment& environment, PerTenant per_tenant) {
    constexpr const char* expected =
        "expected a secret: a text, {{ env = \"NAME\" }} or {{ file = \"/path\" }}, got {}";
    if (node.is_text()) {
        if (node.text.find('\0') != std::string::npos) {
            return tl::make_unexpected(std::string("holds a NUL character"));
        }
        return Secret::of(node.text);
    }
    if (node.kind != Node::Kind::table || node.children.size() != 1 ||
        !node.children.front().is_text() || node.children.front().text.empty()) {
        return tl::make_unexpected(fmt::format(expected, node.described(false)));
    }
    const auto& source = node.children.front();
    if (source.name == "env") return from_environment(source.text, environment);
    if (source.name == "file") return from_file(source.text, per_tenant);
    return tl::make_unexpected(fmt::format(expected, fmt::format("{{ {} = … }}", source.name)));
}

}  // namespace weir::settings
