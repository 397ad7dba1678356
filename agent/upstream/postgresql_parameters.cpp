#include "upstream/postgresql_parameters.h"

#include <libpq-fe.h>

#include <array>
#include <cstdlib>

namespace weir::upstream {
namespace {

void append_escaped(std::string& out, std::string_view text) {
    constexpr std::string_view special = " \t\n\r\f\v\\";
    for (const char c : text) {
        if (special.find(c) != std::string_view::npos) out.push_back('\\');
        out.push_back(c);
    }
}

void append_setting(std::string& out, std::string_view name, std::string_view value) {
    if (!out.empty()) out.push_back(' ');
    out += "-c ";
    append_escaped(out, name);
    out.push_back('=');
    append_escaped(out, value);
}

// A path that can't exist: no file of ~/.postgresql, nobody's ~/.pgpass, and no warning that a
// device is no plain file.
constexpr const char* no_file = "/dev/null/none";

int no_pass_phrase(char*, int, PGconn*) { return 0; }

void append_to_list(std::string& list, bool first, std::string_view text) {
    if (!first) list.push_back(',');
    list += text;
}

}  // namespace

std::string startup_options(const DialRequest& request) {
    std::string options;
    if (!request.search_path.empty()) append_setting(options, "search_path", request.search_path);
    for (const auto& [name, value] : request.options) {
        append_setting(options, name, value);
    }
    return options;
}

ConnectParameters connect_parameters(const DialRequest& request,
                                     const std::vector<Endpoint>& endpoints,
                                     settings::Target target, const settings::UpstreamTls& tls) {
    std::string hosts;
    std::string addresses;
    std::string ports;
    bool any_address = false;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        append_to_list(hosts, i == 0, endpoints[i].host);
        append_to_list(addresses, i == 0, endpoints[i].numeric);
        append_to_list(ports, i == 0, endpoints[i].port);
        any_address = any_address || !endpoints[i].numeric.empty();
    }
    ConnectParameters parameters{
        {"host", hosts},
        {"port", ports},
        {"dbname", request.database},
        {"user", request.user},
        {"passfile", no_file},
        {"application_name", request.application_name},
        {"options", startup_options(request)},
        // The modes have libpq's own names. Like there, an authority that is given is asked in
        // every mode, and a unix socket carries no TLS.
        {"sslmode", std::string(base::word(tls.mode))},
        {"sslrootcert", tls.ca.empty() ? no_file : tls.ca},
        {"sslcert", tls.cert.empty() ? no_file : tls.cert},
        {"sslkey", tls.key.empty() ? no_file : tls.key},
        {"sslcrl", no_file},
        {"ssl_min_protocol_version", "TLSv1.2"},
        {"gssencmode", "disable"},
        {"target_session_attrs", std::string(base::word(target))},
        {"keepalives", "1"},
        {"keepalives_idle", "60"},
        {"keepalives_interval", "20"},
        {"keepalives_count", "3"},
    };
    if (any_address) parameters.emplace_back("hostaddr", addresses);
    return parameters;
}

void isolate_from_environment() {
    constexpr std::array<const char*, 38> read_by_libpq{"PGSERVICE",
                                                        "PGSERVICEFILE",
                                                        "PGSYSCONFDIR",
                                                        "PGTZ",
                                                        "PGDATESTYLE",
                                                        "PGGEQO",
                                                        "PGHOST",
                                                        "PGHOSTADDR",
                                                        "PGPORT",
                                                        "PGDATABASE",
                                                        "PGUSER",
                                                        "PGPASSWORD",
                                                        "PGPASSFILE",
                                                        "PGOPTIONS",
                                                        "PGAPPNAME",
                                                        "PGCLIENTENCODING",
                                                        "PGSSLMODE",
                                                        "PGREQUIRESSL",
                                                        "PGSSLCOMPRESSION",
                                                        "PGSSLCERT",
                                                        "PGSSLKEY",
                                                        "PGSSLROOTCERT",
                                                        "PGSSLCRL",
                                                        "PGSSLCRLDIR",
                                                        "PGSSLSNI",
                                                        "PGSSLMINPROTOCOLVERSION",
                                                        "PGSSLMAXPROTOCOLVERSION",
                                                        "PGSSLCERTMODE",
                                                        "PGSSLNEGOTIATION",
                                                        "PGREQUIREPEER",
                                                        "PGREQUIREAUTH",
                                                        "PGCHANNELBINDING",
                                                        "PGGSSENCMODE",
                                                        "PGKRBSRVNAME",
                                                        "PGGSSLIB",
                                                        "PGCONNECT_TIMEOUT",
                                                        "PGTARGETSESSIONATTRS",
                                                        "PGLOADBALANCEHOSTS"};
    for (const char* name : read_by_libpq) {
        if (std::getenv(name) != nullptr) unsetenv(name);
    }
    PQsetSSLKeyPassHook_OpenSSL(&no_pass_phrase);
}

}  // namespace weir::upstream
