#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>

#include "cli/version.h"

namespace weir::cli {
namespace {

constexpr double default_watch = 2;
constexpr unsigned most_test_clients = 10'000;

std::string default_config() {
    std::error_code ignored;
    return std::filesystem::exists("weir.toml", ignored) ? "weir.toml" : "/etc/weir/weir.toml";
}

// The options while they are parsed: CLI11 binds to variables, so each command has its own.
struct Commands {
    AdminOptions admin;
    ServeOptions serve;
    CheckOptions check;
    ImportOptions import;
    StatusOptions status;
    HealthOptions health;
    TenantsOptions tenants;
    LeaksOptions leaks;
    AdviseOptions advise;
    TestOptions test;
    PoolActionOptions action;
    KillOptions kill;
    DrainOptions drain;
    RestartOptions restart;
    ReloadOptions reload;
    std::vector<std::string> watch;  // no word or one
    unsigned max_size = 0;
};

void add_selection(CLI::App& command, std::string& pool, std::string& tenant) {
    command.add_option("--pool", pool, "only this [[pool]]")->type_name("NAME");
    command.add_option("--tenant", tenant, "only this tenant")->type_name("NAME");
}

void add_json(CLI::App& command, bool& json) {
    command.add_flag("--json", json, "print JSON for programs");
}

void add_config(CLI::App& command, std::string& config) {
    command
        .add_option("--config", config,
                    "configuration file; else ./weir.toml, else /etc/weir/weir.toml")
        ->type_name("FILE");
}

void define_admin(CLI::App& command, AdminOptions& admin) {
    command.add_option("--admin", admin.url, "admin HTTP of the running agent; else WEIR_ADMIN")
        ->type_name("URL")
        ->capture_default_str();
    command
        .add_option("--token-file", admin.token_file,
                    "file with the admin token; else WEIR_ADMIN_TOKEN, else /run/weir/token")
        ->type_name("FILE");
}

void define_daemon(CLI::App& app, Commands& to) {
    CLI::App* serve = app.add_subcommand("serve", "run the agent");
    add_config(*serve, to.serve.config);
    serve
        ->add_option(
            "URL", to.serve.urls,
            "postgres://user:password@host:5432/ instead of a file: a listener on the usual "
            "port and one pool for every database of that server")
        ->type_name("")
        ->excludes("--config");
    CLI::App* check = app.add_subcommand("check", "report every error of a configuration");
    add_config(*check, to.check.config);
    check->add_flag("--connect", to.check.connect, "dial each upstream, too");
    app.add_subcommand("import", "print a PgBouncer configuration as a weir.toml")
        ->add_option("FILE", to.import.file, "pgbouncer.ini")
        ->type_name("")
        ->required();
}

void define_looks(CLI::App& app, Commands& to) {
    CLI::App* status = app.add_subcommand("status", "one row a pool");
    add_selection(*status, to.status.pool, to.status.tenant);
    status->add_flag("--detailed", to.status.detailed, "each server connection, too");
    status->add_option("--watch", to.watch, "look again every SECONDS (2)")
        ->expected(0, 1)
        ->type_name("[SECONDS]")
        ->check(CLI::PositiveNumber);
    add_json(*status, to.status.json);
    define_admin(*status, to.admin);

    CLI::App* health = app.add_subcommand("health", "what is wrong; exit code 0, 1 or 2");
    add_json(*health, to.health.json);
    define_admin(*health, to.admin);

    CLI::App* tenants = app.add_subcommand("tenants", "one row a tenant");
    add_selection(*tenants, to.tenants.pool, to.tenants.tenant);
    tenants->add_option("--sort", to.tenants.sort, "largest first")
        ->type_name("KEY")
        ->check(CLI::IsMember({"wait", "used", "rejected", "leaks", "trouble", "name"}))
        ->capture_default_str();
    tenants->add_option("--limit", to.tenants.limit, "rows, 0 for all")
        ->type_name("N")
        ->capture_default_str();
    tenants->add_option("--offset", to.tenants.offset, "rows to leave out before them")
        ->type_name("N")
        ->capture_default_str();
    add_json(*tenants, to.tenants.json);
    define_admin(*tenants, to.admin);

    CLI::App* leaks = app.add_subcommand("leaks", "suspected leaks with their evidence");
    add_selection(*leaks, to.leaks.pool, to.leaks.tenant);
    add_json(*leaks, to.leaks.json);
    define_admin(*leaks, to.admin);
}

void define_advise(CLI::App& app, Commands& to) {
    CLI::App* advise = app.add_subcommand("advise", "how many connections pools need, and why");
    advise->add_option("--pool", to.advise.pool, "only this [[pool]]")->type_name("NAME");
    advise->add_option("--seconds", to.advise.seconds, "measured for so long")
        ->type_name("S")
        ->check(CLI::Range(1u, 86'400u))
        ->capture_default_str();
    const auto planned = [&](const char* option, unsigned& value, const char* help) {
        return advise->add_option(option, value, help)
            ->type_name("N")
            ->check(CLI::Range(1u, 100'000u));
    };
    planned("--processes", to.advise.plan.processes, "before there is traffic: of the web server");
    planned("--threads", to.advise.plan.threads, "of each process (1)")->needs("--processes");
    planned("--jobs", to.advise.plan.jobs, "concurrency of a job runner");
    planned("--databases", to.advise.plan.databases,
            "databases or Redis numbers that each of them connects to (1)");
    add_json(*advise, to.advise.json);
    define_admin(*advise, to.admin);
}

void define_test(CLI::App& app, Commands& to) {
    CLI::App* test = app.add_subcommand("test", "drive traffic through a listener and report");
    add_selection(*test, to.test.pool, to.test.tenant);
    test->add_option("--clients", to.test.clients, "clients at the same time")
        ->type_name("N")
        ->check(CLI::Range(1u, most_test_clients))
        ->capture_default_str();
    test->add_option("--seconds", to.test.seconds, "how long")
        ->type_name("S")
        ->check(CLI::Range(1u, 86'400u))
        ->capture_default_str();
    test->add_option(
            "--dsn", to.test.dsn,
            "connect with this (libpq's, mysql://…, redis://…) instead of what the file says")
        ->type_name("DSN");
    add_config(*test, to.test.config);
    add_json(*test, to.test.json);
    define_admin(*test, to.admin);
}

CLI::App* define_pool_action(CLI::App& app, Commands& to, const std::string& name,
                             const std::string& help) {
    CLI::App* command = app.add_subcommand(name, help);
    add_selection(*command, to.action.pool, to.action.tenant);
    add_json(*command, to.action.json);
    define_admin(*command, to.admin);
    return command;
}

void define_actions(CLI::App& app, Commands& to) {
    define_pool_action(app, to, "clear", "close idle connections, and busy ones when released");
    define_pool_action(app, to, "pause", "hold new acquires and wait for busy connections");
    define_pool_action(app, to, "resume", "go on after pause");
    define_pool_action(app, to, "disable", "refuse a tenant in clear words");
    define_pool_action(app, to, "enable", "admit it again");
    define_pool_action(app, to, "resize", "change max_size now, until the next start")
        ->add_option("--max-size", to.max_size, "of each tenant's pool")
        ->type_name("N")
        ->check(CLI::Range(1u, 1'000'000u))
        ->required();

    CLI::App* kill = app.add_subcommand("kill", "reclaim one server connection");
    kill->add_option("--connection", to.kill.connection, "its id in status --detailed or leaks")
        ->type_name("ID")
        ->required();
    add_json(*kill, to.kill.json);
    define_admin(*kill, to.admin);

    CLI::App* reload = app.add_subcommand(
        "reload", "apply the configuration again, all of it or, told why, nothing");
    add_json(*reload, to.reload.json);
    define_admin(*reload, to.admin);

    CLI::App* drain =
        app.add_subcommand("drain", "leave the load balancer, finish what runs, exit");
    add_json(*drain, to.drain.json);
    define_admin(*drain, to.admin);

    CLI::App* restart = app.add_subcommand(
        "restart", "start a successor that takes the listening sockets over, then leave");
    add_json(*restart, to.restart.json);
    define_admin(*restart, to.admin);
}

Usage wrong(const std::string& message) {
    return {usage_error, "weir: " + message + "\nRun weir --help for the commands.\n"};
}

std::string config_or_default(const std::string& given) {
    return given.empty() ? default_config() : given;
}

base::Result<CommandOptions, Usage> chosen(Commands& to, const std::string& name) {
    if (name == "serve") {
        if (to.serve.urls.empty()) to.serve.config = config_or_default(to.serve.config);
        return to.serve;
    }
    if (name == "check") {
        to.check.config = config_or_default(to.check.config);
        return to.check;
    }
    if (name == "import") return to.import;
    if (name == "status") return to.status;
    if (name == "health") return to.health;
    if (name == "tenants") return to.tenants;
    if (name == "leaks") return to.leaks;
    if (name == "advise") return to.advise;
    if (name == "test") {
        to.test.config = config_or_default(to.test.config);
        return to.test;
    }
    if (name == "kill") return to.kill;
    if (name == "drain") return to.drain;
    if (name == "restart") return to.restart;
    if (name == "reload") return to.reload;
    to.action.action = name;
    if (name == "resize") to.action.max_size = to.max_size;
    // Forgetting a word must not refuse or resize everybody.
    const bool named = !to.action.pool.empty() || !to.action.tenant.empty();
    if ((name == "disable" || name == "resize") && !named) {
        return tl::make_unexpected(wrong(name + " needs --pool or --tenant"));
    }
    return to.action;
}

}  // namespace

base::Result<Invocation, Usage> parse_arguments(std::vector<std::string> words) {
    Commands to;
    // Not CLI11's own way with variables: every command shares the option, and the last one defined
    // would overrule what another one was given.
    const char* url = std::getenv("WEIR_ADMIN");
    if (url != nullptr && *url != '\0') to.admin.url = url;
    CLI::App app{"Weir pools database connections and measures every acquire, wait and release.",
                 "weir"};
    app.set_version_flag("--version", fmt::format("weir {} ({})", version, revision));
    app.require_subcommand(1);
    define_daemon(app, to);
    define_looks(app, to);
    define_advise(app, to);
    define_test(app, to);
    define_actions(app, to);
    if (!words.empty() && !words.front().starts_with('-')) {
        const auto named = app.get_subcommands(
            [&](const CLI::App* command) { return command->get_name() == words.front(); });
        if (named.empty()) {
            return tl::make_unexpected(wrong("there is no command \"" + words.front() + "\""));
        }
    }
    try {
        std::reverse(words.begin(), words.end());  // as CLI11 takes a vector
        app.parse(std::move(words));
    } catch (const CLI::Success& asked) {
        std::ostringstream text;
        app.exit(asked, text, text);
        return tl::make_unexpected(Usage{0, text.str()});
    } catch (const CLI::Error& error) {
        return tl::make_unexpected(wrong(error.what()));
    }
    if (app.get_subcommand("status")->count("--watch") > 0) {
        const bool given = !to.watch.empty() && !to.watch.front().empty();
        to.status.watch = given ? std::stod(to.watch.front()) : default_watch;
    }
    auto command = chosen(to, app.get_subcommands().front()->get_name());
    if (!command) return tl::make_unexpected(command.error());
    return Invocation{to.admin, std::move(*command)};
}

}  // namespace weir::cli
