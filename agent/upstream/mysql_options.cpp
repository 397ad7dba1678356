#include "upstream/mysql_options.h"

#include <charconv>

#include "upstream/mysql_capabilities.h"

namespace weir::upstream {
namespace {

// The server can ask for any of them. The last one hands over the password as it is.
constexpr const char* authentications =
    "mysql_native_password,caching_sha2_password,sha256_password,client_ed25519";
constexpr const char* authentications_of_the_known =
    "mysql_native_password,caching_sha2_password,sha256_password,client_ed25519,"
    "mysql_clear_password";

bool verifies(const settings::UpstreamTls& tls) {
    using Mode = settings::ServerTls;
    return tls.mode == Mode::verify_ca || tls.mode == Mode::verify_full ||
           (tls.mode == Mode::require && !tls.ca.empty());
}

// The modes have libpq's names and its rules: an authority that is given is asked in every mode.
void ask_for_tls(MYSQL* handle, const settings::UpstreamTls& tls, base::Duration patience) {
    my_bool yes = 1;
    // In a TLS handshake the library waits so many milliseconds for each message, though the option
    // is of seconds. Dials have a clock of their own for all else.
    const auto limit =
        static_cast<unsigned>(std::chrono::ceil<std::chrono::milliseconds>(patience).count());
    mysql_optionsv(handle, MYSQL_OPT_CONNECT_TIMEOUT, &limit);
    mysql_optionsv(handle, MYSQL_OPT_SSL_ENFORCE, &yes);
    mysql_optionsv(handle, MARIADB_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
    if (!tls.ca.empty()) mysql_optionsv(handle, MYSQL_OPT_SSL_CA, tls.ca.c_str());
    if (!tls.cert.empty()) mysql_optionsv(handle, MYSQL_OPT_SSL_CERT, tls.cert.c_str());
    if (!tls.key.empty()) mysql_optionsv(handle, MYSQL_OPT_SSL_KEY, tls.key.c_str());
    if (tls.mode == settings::ServerTls::verify_full) {
        mysql_optionsv(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
    }
}

}  // namespace

MysqlTarget mysql_target(const Endpoint& endpoint) {
    if (endpoint.unix_socket()) return {"localhost", 0, endpoint.host};
    MysqlTarget target{endpoint.numeric.empty() ? endpoint.host : endpoint.numeric, 0, {}};
    std::from_chars(endpoint.port.data(), endpoint.port.data() + endpoint.port.size(), target.port);
    return target;
}

MysqlSteering prepare_mysql(MYSQL* handle, const Endpoint& endpoint,
                            const settings::UpstreamTls& tls, const DialRequest& request,
                            base::Duration patience) {
    const bool encrypts = tls.mode != settings::ServerTls::disable && !endpoint.unix_socket();
    const bool known = endpoint.unix_socket() || verifies(tls);
    // The library would offer it whatever its flags say.
    const unsigned local_files = (request.capabilities & MysqlCapability::local_files) != 0 ? 1 : 0;
    mysql_optionsv(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(handle, MYSQL_OPT_LOCAL_INFILE, &local_files);
    mysql_optionsv(handle, MARIADB_OPT_RESTRICTED_AUTH,
                   known ? authentications_of_the_known : authentications);
    mysql_optionsv(handle, MYSQL_OPT_CONNECT_ATTR_RESET, nullptr);
    mysql_optionsv(handle, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name",
                   request.application_name.c_str());
    if (encrypts) ask_for_tls(handle, tls, patience);
    // No option asks for this one; the library's own result functions would misread its replies.
    handle->options.client_flag |= request.capabilities & MysqlCapability::deprecate_eof;

    MysqlSteering steering;
    steering.needs_tls = encrypts && tls.mode != settings::ServerTls::prefer;
    if (tls.mode == settings::ServerTls::verify_full) steering.verified_name = endpoint.host;
    return steering;
}

unsigned long mysql_connect_flags(const DialRequest& request) {
    using Capability = MysqlCapability;
    return request.capabilities &
           (Capability::found_rows | Capability::ignore_space | Capability::multi_statements);
}

}  // namespace weir::upstream
