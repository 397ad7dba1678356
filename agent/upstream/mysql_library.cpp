#include "upstream/mysql_library.h"

#include <fcntl.h>
#include <ma_pvio.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <mutex>

#include "upstream/mysql_capabilities.h"

// Exported by the library, declared in no header that it installs: whoever is registered is shown
// what every connection has read, before the library looks at it, and what it has written.
extern "C" int ma_pvio_register_callback(my_bool registered,
                                         void (*callback)(int mode, MYSQL* handle,
                                                          const unsigned char* bytes,
                                                          std::size_t size));

namespace weir::upstream {
namespace {

constexpr int has_read = 0;

thread_local MysqlSteering* steering_here = nullptr;

bool offers_tls(const MysqlSteering& steering) {
    return (steering.greeting.offered() & MysqlCapability::tls) != 0;
}

// The library's handshake under TLS reads and writes as the descriptor is set. On one that blocks,
// a server that stops half-way would hold the thread for ever.
void prepare_tls(MYSQL* handle) {
    const int fd = static_cast<int>(mysql_get_socket(handle));
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0) static_cast<void>(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

// The request for TLS has gone out, the handshake comes next: the library would compare the
// certificate with what it dialed, which was an address. It frees what it finds there.
void name_host(MYSQL* handle, const std::string& name) {
    char* const copy = name == handle->host ? nullptr : strdup(name.c_str());
    if (copy == nullptr) return;
    free(handle->host);
    handle->host = copy;
}

void follow(int mode, MYSQL* handle, const unsigned char* bytes, std::size_t size) {
    if (steering_here == nullptr) return;
    MysqlSteering& steering = *steering_here;
    if (mode != has_read) {
        if (!steering.verified_name.empty()) name_host(handle, steering.verified_name);
        return;
    }
    if (steering.greeting.passed()) return;
    // It is the library's own buffer, lent as if it could not be written to.
    steering.greeting.pass(const_cast<unsigned char*>(bytes), size);
    if (!steering.greeting.passed()) return;
    if (steering.needs_tls && !offers_tls(steering)) {
        // The library would go on without, and prove its password to whoever that is.
        steering.lacked_tls = true;
        static_cast<void>(::shutdown(static_cast<int>(mysql_get_socket(handle)), SHUT_RDWR));
        return;
    }
    if (handle->options.use_ssl) prepare_tls(handle);
}

void initialize() {
    static std::once_flag once;
    std::call_once(once, [] {
        for (const char* name : {"LIBMYSQL_PLUGINS", "MARIADB_PLUGIN_DIR", "MARIADB_UNIX_PORT",
                                 "MYSQL_UNIX_PORT", "MYSQL_TCP_PORT", "MARIADB_HOME"}) {
            if (std::getenv(name) != nullptr) unsetenv(name);
        }
        mysql_library_init(0, nullptr, nullptr);
        ma_pvio_register_callback(1, &follow);
    });
}

}  // namespace

void CloseMysql::operator()(MYSQL* handle) const {
    // mysql_close() writes a COM_QUIT, waiting for room if need be. Behind half a relayed packet
    // those bytes would complete it; after the shutdown they go nowhere. Under TLS they go nowhere
    // either, since the library's own BIO has been replaced.
    if (handle->net.pvio != nullptr) {
        static_cast<void>(::shutdown(static_cast<int>(mysql_get_socket(handle)), SHUT_WR));
    }
    mysql_close(handle);
}

MysqlHandle make_mysql_handle() {
    initialize();
    return MysqlHandle(mysql_init(nullptr));
}

MysqlThread::MysqlThread() {
    initialize();
    mysql_thread_init();
}

MysqlThread::~MysqlThread() { mysql_thread_end(); }

SteeredMysql::SteeredMysql(MysqlSteering& steering) { steering_here = &steering; }

SteeredMysql::~SteeredMysql() { steering_here = nullptr; }

}  // namespace weir::upstream
