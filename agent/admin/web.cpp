#include "admin/web.h"

#include <CivetServer.h>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <thread>
#include <vector>

#include "admin/compression.h"
#include "admin/exchange.h"
#include "admin/negotiation.h"
#include "base/fd.h"
#include "base/log.h"

namespace weir::admin {
namespace {

// A worker serves one connection at a time, kept alive or not. A browser may open six to a page;
// two more are left for the probes.
constexpr const char* worker_threads = "8";
constexpr int lower_priority = 5;

// What CivetWeb says while it starts, which it does on the caller's thread.
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

// What CivetWeb refuses by itself: requests it can't parse, headers that are too large.
int http_error(mg_connection* connection, int status, const char* message) {
    send_answer(connection, refusal(status, "bad_request", message), {true, true});
    return 0;
}

// No exception may pass through CivetWeb, which is C.
Response answer(Routes& routes, const Request& request) {
    try {
        return routes.answer(request);
    } catch (const std::exception& problem) {
        base::log::error("admin.failed", {{"path", request.path}, {"error", problem.what()}});
        return refusal(500, "internal", "the agent failed to answer; its log says why");
    }
}

// As it is, then: compress() changes all or nothing.
void try_to_compress(Response& response) {
    try {
        compress(response);
    } catch (const std::exception& problem) {
        base::log::warn("admin.not_compressed", {{"error", problem.what()}});
    }
}

// Called before anything that CivetWeb would do by itself.
int begin_request(mg_connection* connection) {
    const auto* server =
        static_cast<const CivetServer*>(mg_get_request_info(connection)->user_data);
    const auto* web = static_cast<const Web*>(server->getUserContext());
    const auto request = take_request(connection);
    if (!request) {
        send_answer(connection, request.error(), {true, true});
        return request.error().status;
    }
    Response response = answer(web->routes(), *request);
    if (takes_gzip(request->accept_encoding)) try_to_compress(response);
    send_answer(connection, response, {request->method != "HEAD", request->last});
    return response.status;
}

CivetCallbacks callbacks() {
    CivetCallbacks all;
    all.begin_request = begin_request;
    all.init_thread = begin_thread;
    all.log_message = log_message;
    all.http_error = http_error;
    return all;
}

std::vector<std::string> options(const std::string& listening_ports) {
    return {"listening_ports", listening_ports, "num_threads", worker_threads, "connection_queue",
            "64", "tcp_nodelay", "1", "enable_keep_alive", "yes",
            // Short: an idle connection occupies its worker. The status page looks each second and
            // gives it back in between.
            "keep_alive_timeout_ms", "500", "request_timeout_ms", "5000", "max_request_size",
            "16384",
            // Done by the routes, so that an encoded '/' stays in its name.
            "decode_url", "no",
            // So is this, with an answer that says what is wrong.
            "enable_auth_domain_check", "no", "access_control_allow_origin", ""};
}

// The address in CivetWeb's words.
base::Result<std::string> listening_ports(const HostPort& address) {
    constexpr unsigned ipv6_feature = 8;
    if (address.host.find(':') != std::string::npos) {
        if (mg_check_feature(ipv6_feature) != 0) {
            return fmt::format("[{}]:{}", address.host, address.port);
        }
        return base::error("the installed CivetWeb is built without IPv6; give an IPv4 address");
    }
    if (address.host.empty() || address.host == "*") return "0.0.0.0:" + address.port;
    if (address.host == "localhost") return "127.0.0.1:" + address.port;
    return fmt::format("{}:{}", address.host, address.port);
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
    // Refused once the server has stopped, which is what is waited for.
    [[maybe_unused]] const int result =
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

}  // namespace

Web::Web(std::string host, Routes& routes) : host_(std::move(host)), routes_(routes) {}

base::Result<std::unique_ptr<Web>> Web::start(const HostPort& address, Routes& routes) {
    const auto listening = listening_ports(address);
    if (!listening) return tl::make_unexpected(listening.error());
    std::unique_ptr<Web> web(new Web(address.host, routes));
    const CivetCallbacks handlers = callbacks();
    std::string problems;
    start_log = &problems;
    try {
        web->server_ = std::make_unique<CivetServer>(options(*listening), &handlers, web.get());
    } catch (const CivetException& exception) {
        if (problems.empty()) problems = exception.what();
    }
    start_log = nullptr;
    if (!web->server_) return base::error(problems);
    const std::vector<int> ports = web->server_->getListeningPorts();
    if (!ports.empty()) web->port_ = static_cast<std::uint16_t>(ports.front());
    return web;
}

// CivetWeb looks whether to stop when a connection comes, or every two seconds: so one comes.
Web::~Web() {
    if (!server_) return;
    const std::jthread waker([this](const std::stop_token& stopped) {
        while (!stopped.stop_requested()) {
            knock(host_, port_);
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    });
    server_->close();
}

}  // namespace weir::admin
