#include "admin/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "admin/access.h"
#include "admin/hosts.h"
#include "base/log.h"

namespace weir::admin {
namespace {

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

AdminServer::AdminServer(std::unique_ptr<TokenFile> token_file, std::unique_ptr<Routes> routes)
    : token_file_(std::move(token_file)), routes_(std::move(routes)) {}

AdminServer::~AdminServer() { stop(); }

base::Result<std::unique_ptr<AdminServer>> AdminServer::start(const settings::Snapshot& settings,
                                                              proxy::Inspection& agent,
                                                              MetricsTexts metrics_texts) {
    const settings::Admin& admin = settings->admin;
    const HostPort address = split_host_port(admin.listen);
    auto token_file = own_token_file(admin);
    if (!token_file) return tl::make_unexpected(token_file.error());
    Access access(Hosts(address.host, {settings->agent.name, machine_name()}),
                  *token_file ? settings::Secret::of((*token_file)->token()) : admin.token,
                  admin.read_token);
    std::unique_ptr<AdminServer> server(new AdminServer(
        std::move(*token_file),
        std::make_unique<Routes>(agent, std::move(access), std::move(metrics_texts))));
    auto web = Web::start(address, *server->routes_);
    if (!web) {
        return base::error(fmt::format("admin.listen {}: {}", admin.listen, web.error().message));
    }
    server->web_ = std::move(*web);
    // Only now: the port is ours, so no other agent's token is replaced.
    if (server->token_file_) {
        if (auto published = server->token_file_->publish(); !published) {
            return base::error("admin.token_file: " + published.error().message);
        }
    }
    return server;
}

void AdminServer::stop() {
    web_.reset();
    token_file_.reset();
}

std::uint16_t AdminServer::port() const { return web_ ? web_->port() : std::uint16_t{0}; }

}  // namespace weir::admin
