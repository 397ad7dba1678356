#include "upstream/mysql_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <mysql.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <vector>

namespace weir::upstream::testing {
namespace {

constexpr std::uint32_t deprecate_eof = 1U << 24U;

// A program run as the unprivileged user; it ends with the test program.
int spawn(const std::vector<std::string>& command, const std::string& log) {
    const int pid = fork();
    if (pid != 0) return pid;
    if (geteuid() == 0) {
        const passwd* account = getpwnam("mysql");
        if (account == nullptr || setgid(account->pw_gid) != 0 || setuid(account->pw_uid) != 0) {
            _exit(126);
        }
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    std::vector<char*> arguments;
    for (const std::string& argument : command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    execvp(arguments.front(), arguments.data());
    _exit(127);
}

int free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(socket, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    close(socket);
    return ntohs(address.sin_port);
}

void run_as_root(const std::string& socket, const std::vector<std::string>& script) {
    MYSQL* connection = nullptr;
    for (int tries = 0; tries < 1500; ++tries) {
        connection = mysql_init(nullptr);
        if (mysql_real_connect(connection, "localhost", "root", "", nullptr, 0, socket.c_str(),
                               0) != nullptr) {
            break;
        }
        mysql_close(connection);
        connection = nullptr;
        poll(nullptr, 0, 20);
    }
    if (connection == nullptr) throw std::runtime_error("MariaDB does not start");
    for (const std::string& statement : script) {
        if (mysql_query(connection, statement.c_str()) != 0) {
            throw std::runtime_error(mysql_error(connection));
        }
    }
    mysql_close(connection);
}

std::string read_exactly(int fd, std::size_t count) {
    std::string bytes;
    while (bytes.size() < count) {
        pollfd readable{fd, POLLIN, 0};
        if (poll(&readable, 1, 30'000) != 1) throw std::runtime_error("the server is silent");
        std::string chunk(count - bytes.size(), '\0');
        const ssize_t got = read(fd, chunk.data(), chunk.size());
        if (got <= 0) throw std::runtime_error("the server hung up");
        bytes.append(chunk, 0, static_cast<std::size_t>(got));
    }
    return bytes;
}

std::string read_packet(int fd) {
    const std::string header = read_exactly(fd, 4);
    std::size_t size = 0;
    for (unsigned i = 0; i < 3; ++i) {
        size |= std::size_t{static_cast<unsigned char>(header[i])} << (8 * i);
    }
    return read_exactly(fd, size);
}

}  // namespace

MysqlServer& MysqlServer::instance() {
    static MysqlServer server;
    return server;
}

MysqlServer::MysqlServer() : port_(free_port()) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "weir-upstream-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    if (geteuid() == 0) {
        const passwd* account = getpwnam("mysql");
        if (account == nullptr || chown(folder_.c_str(), account->pw_uid, account->pw_gid) != 0) {
            throw std::runtime_error("no user mysql to run the server as");
        }
    }
    const std::string data = "--datadir=" + folder_ + "/data";
    const std::string log = folder_ + "/log";
    const std::string small = "--innodb-log-file-size=16M";
    const int maker = spawn({"mariadb-install-db", "--no-defaults", data, "--skip-test-db", small,
                             "--auth-root-authentication-method=normal", "--skip-name-resolve"},
                            log);
    int status = 0;
    waitpid(maker, &status, 0);
    if (status != 0) throw std::runtime_error("mariadb-install-db failed, see " + log);
    pid_ = spawn({"mariadbd", "--no-defaults", data, small, "--bind-address=127.0.0.1",
                  "--port=" + std::to_string(port_), "--socket=" + socket(), "--skip-name-resolve",
                  "--innodb-flush-log-at-trx-commit=0", "--pid-file=" + folder_ + "/pid",
                  "--max-connections=" + std::to_string(max_connections)},
                 log);
    run_as_root(socket(), {"CREATE DATABASE shop", "CREATE DATABASE other",
                           "CREATE USER app@'%' IDENTIFIED BY 'app''s \\\\ secret'",
                           "GRANT ALL ON shop.* TO app@'%'",
                           "CREATE USER elsewhere@'10.0.0.1' IDENTIFIED BY 'x'"});
}

MysqlServer::~MysqlServer() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

settings::Upstream MysqlServer::upstream() const {
    settings::Upstream upstream;
    upstream.name = "main";
    upstream.engine = settings::Engine::mysql;
    upstream.address = "127.0.0.1:" + std::to_string(port_);
    upstream.connect_timeout = std::chrono::seconds(30);
    upstream.tls.mode = settings::ServerTls::disable;
    return upstream;
}

DialRequest MysqlServer::request() {
    DialRequest request;
    request.database = "shop";
    request.user = "app";
    request.password = settings::Secret::of("app's \\ secret");
    request.application_name = "weir tests";
    return request;
}

std::vector<std::string> ask_mysql(const Established& established, const std::string& sql) {
    const int fd = established.connection->fd();
    std::string packet(4, '\0');
    packet.push_back('\x03');  // COM_QUERY
    packet += sql;
    packet[0] = static_cast<char>(packet.size() - 4);  // short ones only
    if (write(fd, packet.data(), packet.size()) != static_cast<ssize_t>(packet.size())) {
        throw std::runtime_error("short write");
    }
    std::vector<std::string> packets{read_packet(fd)};
    const auto lead = [&] { return static_cast<unsigned char>(packets.back().front()); };
    if (lead() == 0 || lead() == 0xff) return packets;
    const int ends = (established.mysql.capabilities & deprecate_eof) != 0 ? 1 : 2;
    for (int seen = 0; seen < ends && lead() != 0xff;) {
        packets.push_back(read_packet(fd));
        if (lead() == 0xfe) ++seen;
    }
    return packets;
}

}  // namespace weir::upstream::testing
