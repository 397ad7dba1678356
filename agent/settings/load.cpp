#include "settings/load.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/wipe.h"
#include "settings/checks.h"
#include "settings/effect.h"
#include "settings/environment.h"
#include "settings/file_text.h"
#include "settings/from_urls.h"
#include "settings/parse_toml.h"
#include "settings/read.h"
#include "settings/report.h"
#include "settings/trace_environment.h"

namespace weir::settings {
namespace {

using Outcome = base::Result<Loaded, std::vector<Problem>>;

constexpr std::size_t longest_file = 16 * 1024 * 1024;

tl::unexpected<std::vector<Problem>> failed(Problem problem) {
    return tl::make_unexpected(std::vector<Problem>{std::move(problem)});
}

// The environment first names things (upstreams decide which listeners there are), then reads.
Outcome read_tree(Node& root, const Environment& environment, Report errors) {
    Overrides overrides(environment);
    for (const auto* section :
         {"agent", "log", "admin", "auth", "upstream", "pool", "user", "metrics", "traces"}) {
        overrides.apply(root, section, errors);
    }
    imply_listeners(root);
    name_listeners(root);
    overrides.apply(root, "listen", errors);
    overrides.report_unused(root, errors);

    Loaded loaded;
    loaded.settings = read_settings(root, environment, errors);
    Report warnings;
    Checks checks(root, errors, warnings);
    check_agent(loaded.settings, checks);
    check_listeners(loaded.settings, checks);
    check_upstreams(loaded.settings, checks);
    check_pools(loaded.settings, checks);
    check_users(loaded.settings, checks);
    loaded.settings.trace_export = trace_export(loaded.settings.traces, environment, warnings);
    if (!errors.empty()) return tl::make_unexpected(errors.problems());

    Report notices;
    Report unsafe;
    tell_not_in_effect(root, loaded.settings, notices, unsafe);
    loaded.warnings = warnings.problems();
    loaded.notices = notices.problems();
    loaded.unsafe = unsafe.problems();
    return loaded;
}

Outcome load_tree(Node root, const Environment& environment, Report errors) {
    Outcome loaded = read_tree(root, environment, std::move(errors));
    root.wipe();
    return loaded;
}

}  // namespace

Outcome load_text(std::string_view text, const std::string& file, const Environment& environment) {
    auto root = parse_toml(text, file);
    if (!root) return failed(std::move(root.error()));
    return load_tree(std::move(*root), environment, {});
}

Outcome load_file(const std::string& file, const Environment& environment) {
    auto text = read_file_text(file, longest_file);
    if (!text && text.error() == EFBIG) return failed({file, "", "too long for a configuration"});
    if (!text) {
        return failed(
            {file, "", std::string("can't read the file: ") + std::strerror(text.error())});
    }
    auto loaded = load_text(*text, file, environment);
    base::wipe(*text);
    return loaded;
}

Outcome load_urls(const std::vector<std::string>& urls, const Environment& environment) {
    Report errors;
    auto root = tree_of_urls(urls, errors);
    if (!errors.empty()) return tl::make_unexpected(errors.problems());
    return load_tree(std::move(root), environment, std::move(errors));
}

}  // namespace weir::settings
