// The columns of the console's tables, as PgBouncer 1.18 has them.
#include "proxy/console_tables.h"

namespace weir::proxy {
namespace {

using wire::postgresql::Column;
using wire::postgresql::ColumnType;
using Columns = std::vector<Column>;

constexpr ColumnType text = ColumnType::text;
constexpr ColumnType int4 = ColumnType::int4;
constexpr ColumnType numeric = ColumnType::numeric;

const Columns sockets{{"type", text},         {"user", text},       {"database", text},
                      {"state", text},        {"addr", text},       {"port", int4},
                      {"local_addr", text},   {"local_port", int4}, {"connect_time", text},
                      {"request_time", text}, {"wait", int4},       {"wait_us", int4},
                      {"close_needed", int4}, {"ptr", text},        {"link", text},
                      {"remote_pid", int4},   {"tls", text},        {"application_name", text}};

const Columns sums{{"database", text},          {"xact_count", numeric}, {"query_count", numeric},
                   {"bytes_received", numeric}, {"bytes_sent", numeric}, {"xact_time", numeric},
                   {"query_time", numeric},     {"wait_time", numeric}};

}  // namespace

const Columns& columns_of(ConsoleSubject subject) {
    static const Columns none;
    static const Columns pools{{"database", text},
                               {"user", text},
                               {"cl_active", int4},
                               {"cl_waiting", int4},
                               {"cl_active_cancel_req", int4},
                               {"cl_waiting_cancel_req", int4},
                               {"sv_active", int4},
                               {"sv_active_cancel", int4},
                               {"sv_being_canceled", int4},
                               {"sv_idle", int4},
                               {"sv_used", int4},
                               {"sv_tested", int4},
                               {"sv_login", int4},
                               {"maxwait", int4},
                               {"maxwait_us", int4},
                               {"pool_mode", text}};
    static const Columns stats{{"database", text},
                               {"total_xact_count", numeric},
                               {"total_query_count", numeric},
                               {"total_received", numeric},
                               {"total_sent", numeric},
                               {"total_xact_time", numeric},
                               {"total_query_time", numeric},
                               {"total_wait_time", numeric},
                               {"avg_xact_count", numeric},
                               {"avg_query_count", numeric},
                               {"avg_recv", numeric},
                               {"avg_sent", numeric},
                               {"avg_xact_time", numeric},
                               {"avg_query_time", numeric},
                               {"avg_wait_time", numeric},
                               {"total_requests", numeric}};
    static const Columns databases{{"name", text},
                                   {"host", text},
                                   {"port", int4},
                                   {"database", text},
                                   {"force_user", text},
                                   {"pool_size", int4},
                                   {"min_pool_size", int4},
                                   {"reserve_pool", int4},
                                   {"pool_mode", text},
                                   {"max_connections", int4},
                                   {"current_connections", int4},
                                   {"paused", int4},
                                   {"disabled", int4}};
    static const Columns lists{{"list", text}, {"items", int4}};
    static const Columns config{
        {"key", text}, {"value", text}, {"default", text}, {"changeable", text}};
    static const Columns version{{"version", text}};
    static const Columns users{{"name", text}, {"pool_mode", text}};
    static const Columns mem{
        {"name", text}, {"size", int4}, {"used", int4}, {"free", int4}, {"memtotal", int4}};
    switch (subject) {
        case ConsoleSubject::help:
            return none;
        case ConsoleSubject::pools:
            return pools;
        case ConsoleSubject::stats:
            return stats;
        case ConsoleSubject::stats_totals:
        case ConsoleSubject::stats_averages:
            return sums;
        case ConsoleSubject::databases:
            return databases;
        case ConsoleSubject::clients:
        case ConsoleSubject::servers:
            return sockets;
        case ConsoleSubject::lists:
            return lists;
        case ConsoleSubject::config:
            return config;
        case ConsoleSubject::version:
            return version;
        case ConsoleSubject::users:
            return users;
        case ConsoleSubject::mem:
            return mem;
    }
    return none;
}

}  // namespace weir::proxy
