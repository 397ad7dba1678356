// MySQL and MariaDB by libmysqlclient's non-blocking calls (MariaDB Connector/C documentation,
// "Using the non-blocking library").
#include <fcntl.h>
#include <fmt/format.h>
#include <mysql.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "collectors/servers/questions.h"

namespace weir::collectors {
namespace {

struct Close {
    void operator()(MYSQL* handle) const { mysql_close(handle); }
};
struct Free {
    void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using Handle = std::unique_ptr<MYSQL, Close>;
using Rows = std::unique_ptr<MYSQL_RES, Free>;

// Two statements of the same shape: a name and a value a row. Neither needs a right.
constexpr std::array questions{
    std::string_view("SHOW GLOBAL VARIABLES LIKE 'max\\_connections'"),
    std::string_view("SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_connected',"
                     " 'Aborted_connects', 'Connection_errors_max_connections',"
                     " 'Max_used_connections')")};

// None that would tell a server, or whoever stands before it, the password itself.
constexpr const char* safe_logins =
    "mysql_native_password,caching_sha2_password,sha256_password,client_ed25519";

Handle make_handle(const settings::Upstream& upstream, const Place& place) {
    using settings::ServerTls;
    Handle handle(mysql_init(nullptr));
    MYSQL* const h = handle.get();
    if (h == nullptr) return handle;
    const unsigned off = 0;
    const my_bool yes = 1;
    const my_bool no = 0;
    const unsigned protocol = place.unix_socket() ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
    mysql_options(h, MYSQL_OPT_NONBLOCK, nullptr);
    mysql_options(h, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(h, MYSQL_OPT_LOCAL_INFILE, &off);  // a server must not ask for our files
    mysql_optionsv(h, MARIADB_OPT_RESTRICTED_AUTH, safe_logins);
    const settings::UpstreamTls& tls = upstream.tls;
    const bool verified = tls.mode == ServerTls::verify_full;
    mysql_options(h, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, verified ? &yes : &no);
    if (tls.mode == ServerTls::disable || place.unix_socket()) return handle;
    const auto file = [](const std::string& path) { return path.empty() ? nullptr : path.c_str(); };
    mysql_ssl_set(h, file(tls.key), file(tls.cert), file(tls.ca), nullptr, nullptr);
    mysql_optionsv(h, MARIADB_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
    // Not more than that it is wished for: it is seen to in check_greeting().
    mysql_options(h, MYSQL_OPT_SSL_ENFORCE, &yes);
    return handle;
}

// Before the library answers the server's greeting. To a server that offers no TLS it would prove
// its password without; and its TLS handshake would block in a descriptor that does. The greeting
// is looked at, not taken (MySQL documentation, "Protocol::HandshakeV10").
base::Result<void> check_greeting(int fd, bool needs_tls) {
    constexpr std::size_t header_size = 4;      // of the packet, before the protocol's version
    constexpr std::size_t between = 4 + 8 + 1;  // thread id, half of the scramble, a filler
    constexpr char handshake_v10 = 10;
    constexpr unsigned char tls_capability = 0x08;  // in the second byte of capabilities
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return base::error("the descriptor can't be made non-blocking");
    }
    if (!needs_tls) return {};
    std::array<char, 256> bytes{};
    const ssize_t size = ::recv(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    const std::string_view greeting(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    // Anything else is an error, for the library to read.
    if (greeting.size() <= header_size || greeting[header_size] != handshake_v10) return {};
    const auto version_end = greeting.find('\0', header_size + 1);
    const auto second_byte =
        version_end == std::string_view::npos ? version_end : version_end + 1 + between + 1;
    if (second_byte >= greeting.size()) return base::error("the server's greeting is cut off");
    if ((static_cast<unsigned char>(greeting[second_byte]) & tls_capability) == 0) {
        return base::error("the server does not support TLS");
    }
    return {};
}

short events_of(int waits) {
    int events = 0;
    if ((waits & MYSQL_WAIT_READ) != 0) events |= POLLIN;
    if ((waits & MYSQL_WAIT_WRITE) != 0) events |= POLLOUT;
    if ((waits & MYSQL_WAIT_EXCEPT) != 0) events |= POLLPRI;
    return static_cast<short>(events);
}

int came_of(short events) {
    int came = 0;
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) came |= MYSQL_WAIT_READ;
    if ((events & (POLLOUT | POLLERR)) != 0) came |= MYSQL_WAIT_WRITE;
    if ((events & POLLPRI) != 0) came |= MYSQL_WAIT_EXCEPT;
    return came;
}

int descriptor_of(const Handle& handle) { return static_cast<int>(mysql_get_socket(handle.get())); }

// One call of the library to its end. `readable` is called when there is something to read, before
// the library reads it.
template <class Start, class GoOn, class Readable>
base::Result<void> drive(const Handle& handle, const Patience& patience, const Start& start,
                         const GoOn& go_on, const Readable& readable) {
    int waits = start();
    while (waits != 0) {
        const auto ready = patience.wait_for(descriptor_of(handle), events_of(waits));
        if (!ready) return tl::make_unexpected(ready.error());
        if ((*ready & POLLIN) != 0) {
            if (auto checked = readable(); !checked) return checked;
        }
        waits = go_on(came_of(*ready) & waits);
    }
    return {};
}

tl::unexpected<base::Error> said(const Handle& handle) {
    return base::error(
        fmt::format("{} ({})", first_line(mysql_error(handle.get())), mysql_errno(handle.get())));
}

base::Result<void> connect(const Handle& handle, const settings::Upstream& upstream,
                           const Place& place, const Patience& patience) {
    const settings::Observe& observe = upstream.observe;
    const bool local = place.unix_socket();
    // A certificate is checked against the name, which the library then resolves once more.
    const bool by_name = upstream.tls.mode == settings::ServerTls::verify_full;
    const std::string& host = by_name ? place.host : place.numeric;
    unsigned port = 0;
    std::from_chars(place.port.data(), place.port.data() + place.port.size(), port);
    const bool needs_tls = !local && upstream.tls.mode != settings::ServerTls::disable &&
                           upstream.tls.mode != settings::ServerTls::prefer;
    bool greeted = false;
    const auto check = [&]() -> base::Result<void> {
        if (std::exchange(greeted, true)) return {};
        return check_greeting(descriptor_of(handle), needs_tls);
    };
    MYSQL* connected = nullptr;
    auto driven = drive(
        handle, patience,
        [&] {
            return mysql_real_connect_start(
                &connected, handle.get(), local ? nullptr : host.c_str(), observe.user.c_str(),
                observe.password.reveal().data(),
                observe.database.empty() ? nullptr : observe.database.c_str(), port,
                local ? place.host.c_str() : nullptr, 0);
        },
        [&](int came) { return mysql_real_connect_cont(&connected, handle.get(), came); }, check);
    if (!driven) return driven;
    if (connected == nullptr) return said(handle);
    return {};
}

base::Result<void> anything() { return {}; }

base::Result<Rows> put(const Handle& handle, std::string_view question, const Patience& patience) {
    int failed = 0;
    auto driven = drive(
        handle, patience,
        [&] {
            return mysql_real_query_start(&failed, handle.get(), question.data(),
                                          static_cast<unsigned long>(question.size()));
        },
        [&](int came) { return mysql_real_query_cont(&failed, handle.get(), came); }, anything);
    if (!driven) return tl::make_unexpected(driven.error());
    if (failed != 0) return said(handle);
    MYSQL_RES* rows = nullptr;
    driven = drive(
        handle, patience, [&] { return mysql_store_result_start(&rows, handle.get()); },
        [&](int came) { return mysql_store_result_cont(&rows, handle.get(), came); }, anything);
    if (!driven) return tl::make_unexpected(driven.error());
    if (rows == nullptr) return said(handle);
    return Rows(rows);
}

void read_row(MYSQL_ROW row, telemetry::ServerReading& reading) {
    if (row[0] == nullptr || row[1] == nullptr) return;
    const std::string_view name = row[0];
    const std::string_view text = row[1];
    std::uint64_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return;
    if (name == "max_connections") reading.max_connections = value;
    if (name == "Threads_connected") reading.connections = value;
    if (name == "Aborted_connects") reading.aborted_connects = value;
    if (name == "Connection_errors_max_connections") reading.rejected_connections = value;
    if (name == "Max_used_connections") reading.max_used_connections = value;
}

}  // namespace

Asked ask_mysql(const settings::Upstream& upstream, const Place& place, settings::Target /*target*/,
                const Patience& patience) {
    Handle handle = make_handle(upstream, place);
    if (handle == nullptr) return base::error("no memory for a connection");
    if (auto connected = connect(handle, upstream, place, patience); !connected) {
        return tl::make_unexpected(connected.error());
    }
    Answer answer;
    answer.reading.reserved = 0;  // the place of administrators comes on top of max_connections
    for (const std::string_view question : questions) {
        const auto rows = put(handle, question, patience);
        if (!rows) return tl::make_unexpected(rows.error());
        if (mysql_num_fields(rows->get()) != 2) {
            return base::error("what answers is no MySQL server");
        }
        while (MYSQL_ROW row = mysql_fetch_row(rows->get())) read_row(row, answer.reading);
    }
    answer.left = copy_of(descriptor_of(handle));
    handle.reset();  // sends COM_QUIT
    return answer;
}

}  // namespace weir::collectors
