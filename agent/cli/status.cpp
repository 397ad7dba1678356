// `weir status`: one row a pool, or a tenant's pools; with --detailed the server connections, too.

#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/commands.h"
#include "cli/figures.h"
#include "cli/look.h"
#include "cli/reports.h"
#include "cli/table.h"

namespace weir::cli {
namespace {

// What is unusual about a pool, worst first; the breaker's word when nothing is.
Cell condition(const Document& row) {
    const std::string breaker = text_at(row, "breaker");
    std::string text = breaker.empty() ? "closed" : breaker;
    Tone tone = text == "closed" ? Tone::good : text == "open" ? Tone::bad : Tone::warning;
    for (const char* flag : {"paused", "disabled"}) {
        if (!flag_at(row, flag)) continue;
        text += std::string(", ") + flag;
        if (tone == Tone::good) tone = Tone::warning;
    }
    return {text, tone};
}

Cell alarming(const Document& row, std::string_view key, Tone tone) {
    return {count_at(row, key), number_at(row, key) > 0 ? tone : Tone::plain};
}

Cell holder_state(const Document& row) {
    std::string state = text_at(row, "state");
    const std::string pin = text_at(row, "pin_reason");
    if (!pin.empty()) state += " (" + pin + ")";
    if (!flag_at(row, "leak_suspected")) return {state};
    return {state + ", leak?", Tone::bad};
}

struct Answer {
    std::string text;  // for people or programs, as asked
};

base::Result<Answer> answer(const AdminClient& agent, const StatusOptions& options, bool colours) {
    const std::string query = selection_query(options.pool, options.tenant);
    const bool of_tenant = !options.tenant.empty();
    auto pools = look(agent, (of_tenant ? "/api/v1/tenants" : "/api/v1/pools") + query);
    if (!pools) return tl::make_unexpected(pools.error());
    const Document& rows = rows_at(pools->document, of_tenant ? "tenants" : "pools");
    if (rows.empty() && of_tenant) {
        return base::error("no pool of tenant \"" + options.tenant + "\" is in use");
    }
    if (rows.empty() && !options.pool.empty()) {
        return base::error("there is no pool \"" + options.pool + "\"");
    }
    base::Result<Look> servers = Look{};
    if (options.detailed) {
        servers = look(agent, "/api/v1/servers" + query);
        if (!servers) return tl::make_unexpected(servers.error());
    }
    if (options.json) {
        if (!options.detailed) return Answer{pools->body};
        Document both = pools->document;
        both["servers"] = rows_at(servers->document, "servers");
        return Answer{both.dump() + "\n"};
    }
    std::string text = of_tenant ? tenants_report(pools->document, colours)
                                 : pools_report(pools->document, colours);
    if (!options.pool.empty()) {
        const auto pool = look(agent, "/api/v1/pools/" + percent_encoded(options.pool));
        if (!pool) return tl::make_unexpected(pool.error());
        const std::string blame = blame_report(pool->document, options.tenant, colours);
        if (!blame.empty()) text += "\n" + blame;
    }
    if (options.detailed) text += "\n" + servers_report(servers->document, colours);
    return Answer{std::move(text)};
}

}  // namespace

std::string pools_report(const Document& pools, bool colours) {
    using enum Align;
    Table table({{"POOL"},
                 {"ENGINE"},
                 {"UPSTREAM"},
                 {"TENANTS", right},
                 {"CLIENTS", right},
                 {"USED", right},
                 {"IDLE", right},
                 {"WAITING", right},
                 {"MAX", right},
                 {"HIT", right},
                 {"WAIT P50", right},
                 {"P99", right},
                 {"OLDEST", right},
                 {"LEAKS", right},
                 {"PINNED", right},
                 {"BREAKER"}});
    std::string failures;
    for (const Document& row : rows_at(pools, "pools")) {
        const bool served = number_at(row, "acquires") > 0;
        table.add({text_at(row, "pool"), text_at(row, "engine"), text_at(row, "upstream"),
                   count_at(row, "tenants"), count_at(row, "clients"), count_at(row, "used"),
                   count_at(row, "idle"), alarming(row, "waiting", Tone::warning),
                   count_at(row, "max"), served ? share_text(number_at(row, "hit_rate")) : "-",
                   served ? duration_text(number_at(row, "wait_p50_seconds")) : "-",
                   served ? duration_text(number_at(row, "wait_p99_seconds")) : "-",
                   duration_text(number_at(row, "oldest_wait_seconds")),
                   alarming(row, "leaks", Tone::bad), count_at(row, "pinned"), condition(row)});
        const std::string why = text_at(row, "last_connect_error");
        if (why.empty()) continue;
        failures += toned(printable(text_at(row, "pool") + ": last connect failed: " + why),
                          Tone::warning, colours) +
                    "\n";
    }
    return table.text(colours) + failures;
}

std::string blame_report(const Document& pool, const std::string& tenant, bool colours) {
    constexpr int most = 10;
    using enum Align;
    Table table({{"WAITING"}, {"FOR WHAT IS HELD BY"}, {"CAUSE"}, {"TIME", right}});
    static const Document nothing = Document::object();
    const auto found = pool.find("blame");
    const Document& blame = found != pool.end() && found->is_object() ? *found : nothing;
    int shown = 0;
    for (const Document& row : rows_at(blame, "pairs")) {
        const std::string waiting = text_at(row, "waiting"), holding = text_at(row, "holding");
        if (!tenant.empty() && waiting != tenant && holding != tenant) continue;
        if (++shown > most) break;
        table.add({waiting,
                   {holding, waiting == holding ? Tone::plain : Tone::warning},
                   text_at(row, "cause"),
                   duration_text(number_at(row, "seconds"))});
    }
    if (table.empty()) return {};
    return "Who waited for whom in the last " + count_at(blame, "minutes") + " minutes:\n" +
           table.text(colours);
}

std::string servers_report(const Document& servers, bool colours) {
    using enum Align;
    Table table({{"ID"},
                 {"POOL"},
                 {"TENANT"},
                 {"STATE"},
                 {"SINCE", right},
                 {"AGE", right},
                 {"PID", right},
                 {"CLIENT"},
                 {"ADDRESS"},
                 {"APPLICATION"},
                 {"LAST STATEMENT"}});
    for (const Document& row : rows_at(servers, "servers")) {
        table.add({text_at(row, "id"), text_at(row, "pool"), text_at(row, "tenant"),
                   holder_state(row), duration_text(number_at(row, "state_seconds")),
                   duration_text(number_at(row, "age_seconds")), count_at(row, "backend_pid"),
                   text_at(row, "client"), text_at(row, "client_address"),
                   text_at(row, "application_name"), text_at(row, "last_statement")});
    }
    return table.empty() ? "no server connections\n" : table.text(colours);
}

int perform(const AdminClient& agent, const StatusOptions& options, const Output& output) {
    bool first = true;
    while (true) {
        const auto answered = answer(agent, options, output.colours);
        if (!answered && first) return output.fail(answered.error().message);
        // Top left, then clear: the screen changes at once and does not flicker.
        if (options.watch && output.terminal && !options.json) output.out << "\x1b[H\x1b[J";
        if (answered) {
            output.out << answered->text << std::flush;
        } else {
            output.fail(answered.error().message);  // an agent that restarts is watched on
        }
        if (!options.watch || !output.out) return 0;
        first = false;
        std::this_thread::sleep_for(std::chrono::duration<double>(*options.watch));
    }
}

}  // namespace weir::cli
