#include "admin/server.h"

#include <CivetServer.h>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <exception>
#include <thread>
#include <vector>

#include "admin/access.h"
#include "base/fd.h"
#include "base/log.h"

namespace weir::admin {
namespace {

// A worker serves one connection at a time, kept alive or not. A browser opens six to a page; two
// more are left for the probes.
constexpr const char* worker_threads = "8";
constexpr int lower_priority = 5;

// What CivetWeb says while it starts; it starts on the caller's thread.
thread_local std::string* start_log = nullptr;

void* begin_thread(const mg_context*, int) {
    const auto id = static_cast<id_t>(::syscall(SYS_gettid));
    // Linux: the priority of this thread alone. Raising the nice value is always permitted.
    ::setpriority(PRIO_PROCESS, id, ::getpriority(PRIO_PROCESS, id) + lower_priority);
    return nullptr;
}

int log_message(const mg_connection*, const char* message) {
    if (start_log != nullptr) {
        if (!start_log->empty()) *start_log += "; ";
        *start_log += message;
    } else {
        base::log::debug("admin.web", {{"message", message}});
    }
    return 1;
}

void send(mg_connection* connection, const Response& response, bool with_body) {
    mg_response_header_start(connection, response.status);
    const std::string length = std::to_string(response.body.size());
    mg_response_header_add(connection, "Content-Type", response.type.c_str(), -1);
    mg_response_header_add(connection, "Content-Length", length.c_str(), -1);
    mg_response_header_add(connection, "Cache-Control", "no-store", -1);
    mg_response_header_add(connection, "X-Content-Type-Options", "nosniff", -1);
    for (const auto& [name, value] : response.headers) {
        mg_response_header_add(connection, name.c_str(), value.c_str(), -1);
    }
    mg_response_header_send(connection);
    if (with_body && !response.body.empty()) {
        mg_write(connection, response.body.data(), response.body.size());
    }
}

// What CivetWeb refuses by itself: requests it can't parse, headers that are too large.
int http_error(mg_connection* connection, int status, const char* message) {
    mg_disable_connection_keep_alive(connection);
    const mg_request_info* info = mg_get_request_info(connection);
    const bool head = info != nullptr && info->request_method != nullptr &&
                      std::string_view(info->request_method) == "HEAD";
    send(connection, refusal(status, "bad_request", message), !head);
    return 0;
}

// Reads the body up to the limit. False when the client went away before its end.
bool read_body(mg_connection* connection, const mg_request_info& info, Request& request) {
    request.oversized = info.content_length > static_cast<long long>(max_body);
    std::array<char, 4096> chunk{};
    while (!request.oversized) {
        const int got = mg_read(connection, chunk.data(), chunk.size());
        if (got < 0) return false;
        if (got == 0) break;
        request.body.append(chunk.data(), static_cast<std::size_t>(got));
        request.oversized = request.body.size() > max_body;
    }
    // The rest of it is still on its way: what follows on this connection is no request.
    if (request.oversized) mg_disable_connection_keep_alive(connection);
    return info.content_length < 0 || request.oversized ||
           request.body.size() == static_cast<std::size_t>(info.content_length);
}

std::string text(const char* value) { return value == nullptr ? std::string() : value; }

// Takes the headers over. False when one that decides about access stands twice.
bool read_headers(const mg_request_info& info, Request& request) {
    bool authorized = false;
    for (int i = 0; i < info.num_headers; ++i) {
        const mg_header& header = info.http_headers[i];
        const std::string value = text(header.value);
        if (mg_strcasecmp(header.name, "Host") == 0) {
            if (request.host) return false;
            request.host = value;
        } else if (mg_strcasecmp(header.name, "Origin") == 0) {
            if (request.origin) return false;
            request.origin = value;
        } else if (mg_strcasecmp(header.name, "Authorization") == 0) {
            if (authorized) return false;
            authorized = true;
            request.authorization = value;
        } else if (mg_strcasecmp(header.name, "Content-Type") == 0) {
            request.content_type = value;
        }
    }
    return true;
}

// Begins a connection to the server's own address and drops it.
void knock(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1 ||
        address.sin_addr.s_addr == htonl(INADDR_ANY)) {
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    const base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    // Refused once the server has stopped, which is what we wait for.
    [[maybe_unused]] const int result =
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

}  // namespace

class AdminServer::Web {
  public:
    Web(std::string listen_host, const std::vector<std::string>& options, proxy::Inspection& agent,
        Access access, MetricsText metrics_text)
        : routes_(agent, std::move(access), std::move(metrics_text)),
          listen_host_(std::move(listen_host)),
          server_(options, &callbacks(), this) {}

    // CivetWeb looks whether to stop when a connection comes, or every two seconds: so one comes.
    ~Web() {
        const std::uint16_t at = port();
        const std::jthread waker([this, at](const std::stop_token& stopped) {
            while (!stopped.stop_requested()) {
                knock(listen_host_, at);
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
        });
        server_.close();
    }
    Web(const Web&) = delete;
    Web& operator=(const Web&) = delete;

    [[nodiscard]] std::uint16_t port() {
        const std::vector<int> ports = server_.getListeningPorts();
        return ports.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(ports.front());
    }

  private:
    static const CivetCallbacks& callbacks() {
        static const CivetCallbacks all = [] {
            CivetCallbacks made;
            made.begin_request = begin_request;
            made.init_thread = begin_thread;
            made.log_message = log_message;
            made.http_error = http_error;
            return made;
        }();
        return all;
    }

    // Before anything that CivetWeb would do by itself: it answers from our routes alone.
    static int begin_request(mg_connection* connection) {
        const mg_request_info* info = mg_get_request_info(connection);
        const auto* server = static_cast<const CivetServer*>(info->user_data);
        // The server keeps what it was given as pointer to const; it was given this object.
        auto* web = static_cast<Web*>(const_cast<void*>(server->getUserContext()));
        return web->serve(connection, *info);
    }

    int serve(mg_connection* connection, const mg_request_info& info) {
        Request request;
        request.method = text(info.request_method);
        request.path = text(info.local_uri_raw);
        request.query = text(info.query_string);
        request.peer = fmt::format("{}:{}", info.remote_addr, info.remote_port);
        const Response response = answer(connection, info, request);
        send(connection, response, request.method != "HEAD");
        return response.status;
    }

    // No exception may pass through CivetWeb, which is C.
    Response answer(mg_connection* connection, const mg_request_info& info, Request& request) {
        try {
            if (info.num_headers >= MG_MAX_HEADERS) {  // CivetWeb drops the rest unsaid
                mg_disable_connection_keep_alive(connection);
                return refusal(431, "too_many_headers", "the request has too many headers");
            }
            const bool http_1_1 = text(info.http_version) == "1.1";
            if (!read_headers(info, request) || (http_1_1 && !request.host)) {
                mg_disable_connection_keep_alive(connection);
                return refusal(400, "bad_request", "Host, Origin or Authorization is not single");
            }
            if (!read_body(connection, info, request)) {
                mg_disable_connection_keep_alive(connection);
                return refusal(400, "bad_request", "the body ended too early");
            }
            return routes_.answer(request);
        } catch (const std::exception& problem) {
            base::log::error("admin.failed", {{"path", request.path}, {"error", problem.what()}});
            return refusal(500, "internal", "the agent failed to answer; its log says why");
        }
    }

    Routes routes_;
    const std::string listen_host_;
    CivetServer server_;  // last: serves from its construction to its destruction
};

namespace {

std::vector<std::string> web_options(const std::string& listening) {
    return {
        "listening_ports", listening, "num_threads", worker_threads, "connection_queue", "64",
        "tcp_nodelay", "1", "enable_keep_alive", "yes",
        // Short: an idle connection occupies its worker.
        "keep_alive_timeout_ms", "1000", "request_timeout_ms", "5000", "max_request_size", "16384",
        // Ours, so that an encoded '/' stays in its name.
        "decode_url", "no", "enable_auth_domain_check", "no", "access_control_allow_origin", ""};
}

// admin.listen in CivetWeb's words.
base::Result<std::string> listening_ports(const HostPort& address) {
    const bool v6 = address.host.find(':') != std::string::npos;
    constexpr unsigned ipv6_feature = 8;
    if (v6 && mg_check_feature(ipv6_feature) == 0) {
        return base::error("the installed CivetWeb is built without IPv6; give an IPv4 address");
    }
    if (v6) return fmt::format("[{}]:{}", address.host, address.port);
    if (address.host.empty() || address.host == "*") return "0.0.0.0:" + address.port;
    if (address.host == "localhost") return "127.0.0.1:" + address.port;
    return fmt::format("{}:{}", address.host, address.port);
}

// The file for a token of our own; null when there is a token, or when none can be kept and nobody
// asked for the file by name: the agent then serves without acting.
base::Result<std::unique_ptr<TokenFile>> own_token_file(const settings::Admin& admin) {
    if (!admin.token.empty()) return nullptr;
    base::Result<std::unique_ptr<TokenFile>> file = base::error("admin.token_file is empty");
    if (!admin.token_file.empty()) file = TokenFile::prepare(admin.token_file);
    if (file) return file;
    const bool named =
        !admin.token_file.empty() && admin.token_file != settings::Admin{}.token_file;
    if (named) return base::error("admin.token_file: " + file.error().message);
    base::log::warn("admin.acting_disabled", {{"reason", file.error().message}});
    return nullptr;
}

std::string machine_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return {};
    return name.data();
}

}  // namespace

AdminServer::AdminServer(std::unique_ptr<TokenFile> token_file, std::unique_ptr<Web> web)
    : token_file_(std::move(token_file)), web_(std::move(web)) {}

AdminServer::~AdminServer() { stop(); }

base::Result<std::unique_ptr<AdminServer>> AdminServer::start(const settings::Snapshot& settings,
                                                              proxy::Inspection& agent,
                                                              MetricsText metrics_text) {
    const settings::Admin& admin = settings->admin;
    const HostPort address = split_host_port(admin.listen);
    const auto failed = [&](const std::string& why) {
        return base::error(fmt::format("admin.listen {}: {}", admin.listen, why));
    };
    const auto listening = listening_ports(address);
    if (!listening) return failed(listening.error().message);
    auto token_file = own_token_file(admin);
    if (!token_file) return tl::make_unexpected(token_file.error());
    const settings::Secret acting =
        *token_file ? settings::Secret::of((*token_file)->token()) : admin.token;
    Hosts hosts(address.host, {settings->agent.name, machine_name()});
    Access access(std::move(hosts), acting, admin.read_token);
    std::unique_ptr<Web> web;
    std::string problems;
    start_log = &problems;
    try {
        web = std::make_unique<Web>(address.host, web_options(*listening), agent, std::move(access),
                                    std::move(metrics_text));
    } catch (const CivetException& exception) {
        if (problems.empty()) problems = exception.what();
    }
    start_log = nullptr;
    if (!web) return failed(problems);
    if (*token_file) {
        if (auto published = (*token_file)->publish(); !published) {
            return tl::make_unexpected(published.error());
        }
    }
    return std::unique_ptr<AdminServer>(new AdminServer(std::move(*token_file), std::move(web)));
}

void AdminServer::stop() {
    if (!web_) return;
    web_.reset();
    token_file_.reset();
}

std::uint16_t AdminServer::port() const { return web_ ? web_->port() : std::uint16_t{0}; }

}  // namespace weir::admin
