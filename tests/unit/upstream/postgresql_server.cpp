#include "upstream/postgresql_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glob.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <vector>

namespace weir::upstream::testing {
namespace {

std::string newest_binary_folder() {
    glob_t found{};
    std::string folder;
    if (glob("/usr/lib/postgresql/*/bin", 0, nullptr, &found) == 0) {
        folder = found.gl_pathv[found.gl_pathc - 1];
    }
    globfree(&found);
    if (folder.empty()) throw std::runtime_error("no PostgreSQL server is installed");
    return folder;
}

// A program run as the unprivileged user; it ends with the test program.
int spawn(const std::vector<std::string>& command, const std::string& log) {
    const int pid = fork();
    if (pid != 0) return pid;
    if (geteuid() == 0) {
        const passwd* account = getpwnam("postgres");
        if (account == nullptr || setgid(account->pw_gid) != 0 || setuid(account->pw_uid) != 0) {
            _exit(126);
        }
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    std::vector<char*> arguments;
    for (const std::string& argument : command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    unsetenv("PGOPTIONS");
    execv(arguments.front(), arguments.data());
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

void write_file(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
    std::filesystem::permissions(path, std::filesystem::perms(0644));
}

void run_as_superuser(const std::string& folder, int port, const std::string& database,
                      const std::vector<std::string>& script) {
    const std::string target = "host=" + folder + " port=" + std::to_string(port) +
                               " user=postgres password=super dbname=" + database;
    PGconn* connection = nullptr;
    for (int tries = 0; tries < 1500; ++tries) {
        connection = PQconnectdb(target.c_str());
        if (PQstatus(connection) == CONNECTION_OK) break;
        PQfinish(connection);
        connection = nullptr;
        poll(nullptr, 0, 20);
    }
    if (connection == nullptr) throw std::runtime_error("PostgreSQL does not start");
    for (const std::string& statement : script) {
        PGresult* result = PQexec(connection, statement.c_str());
        const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
        if (!done) throw std::runtime_error(PQerrorMessage(connection));
    }
    PQfinish(connection);
}

}  // namespace

PostgresqlServer& PostgresqlServer::instance() {
    static PostgresqlServer server;
    return server;
}

PostgresqlServer::PostgresqlServer() : port_(free_port()) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "weir-upstream-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    if (geteuid() == 0) {
        const passwd* account = getpwnam("postgres");
        if (account == nullptr || chown(folder_.c_str(), account->pw_uid, account->pw_gid) != 0) {
            throw std::runtime_error("no user postgres to run the server as");
        }
    }
    const std::string binaries = newest_binary_folder();
    const std::string data = folder_ + "/data";
    const std::string log = folder_ + "/log";
    write_file(folder_ + "/password", "super\n");
    const int maker = spawn({binaries + "/initdb", "-D", data, "-U", "postgres", "--no-sync", "-A",
                             "scram-sha-256", "--pwfile=" + folder_ + "/password"},
                            log);
    int status = 0;
    waitpid(maker, &status, 0);
    if (status != 0) throw std::runtime_error("initdb failed, see " + log);
    pid_ = spawn({binaries + "/postgres", "-D", data, "-p", std::to_string(port_), "-k", folder_,
                  "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c",
                  "max_connections=" + std::to_string(max_connections)},
                 log);
    run_as_superuser(folder_, port_, "postgres",
                     {"CREATE ROLE app LOGIN PASSWORD 'app''s \\ secret'", "CREATE DATABASE shop",
                      "REVOKE CONNECT ON DATABASE template1 FROM PUBLIC"});
    run_as_superuser(
        folder_, port_, "shop",
        {"CREATE SCHEMA \"Tenant One\"", "GRANT USAGE ON SCHEMA \"Tenant One\" TO app"});
}

PostgresqlServer::~PostgresqlServer() {
    if (pid_ > 0) {
        kill(pid_, SIGINT);  // fast shutdown
        waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

settings::Upstream PostgresqlServer::upstream() const {
    settings::Upstream upstream;
    upstream.name = "main";
    upstream.address = "127.0.0.1:" + std::to_string(port_);
    upstream.connect_timeout = std::chrono::seconds(30);
    return upstream;
}

DialRequest PostgresqlServer::request() {
    DialRequest request;
    request.database = "shop";
    request.user = "app";
    request.password = settings::Secret::of("app's \\ secret");
    request.application_name = "weir tests";
    return request;
}

DialResult dial_and_wait(Dialer& dialer, DialRequest request) {
    std::promise<DialResult> promise;
    auto future = promise.get_future();
    dialer.dial(std::move(request),
                [&promise](DialResult result) { promise.set_value(std::move(result)); });
    return future.get();
}

void send_query(const Established& established, const std::string& sql) {
    const auto length = htonl(static_cast<std::uint32_t>(4 + sql.size() + 1));
    std::string message = "Q";
    message.append(reinterpret_cast<const char*>(&length), 4);
    message.append(sql.c_str(), sql.size() + 1);
    if (write(established.connection->fd(), message.data(), message.size()) !=
        static_cast<ssize_t>(message.size())) {
        throw std::runtime_error("short write");
    }
}

namespace {

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

std::uint32_t number(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char byte : bytes.substr(0, 4))
        value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

}  // namespace

std::string read_answer(const Established& established) {
    std::string answer;
    while (true) {
        const std::string header = read_exactly(established.connection->fd(), 5);
        const std::string body = read_exactly(established.connection->fd(),
                                              number(std::string_view(header).substr(1)) - 4);
        if (header.front() == 'Z') return answer;
        // DataRow: column count (2 bytes), then length and bytes of each.
        if (header.front() == 'D') {
            answer = body.substr(6, number(std::string_view(body).substr(2)));
        }
        if (header.front() == 'E') answer = body.substr(body.find(std::string("\0C", 2)) + 2, 5);
    }
}

std::string ask(const Established& established, const std::string& sql) {
    send_query(established, sql);
    return read_answer(established);
}

}  // namespace weir::upstream::testing
