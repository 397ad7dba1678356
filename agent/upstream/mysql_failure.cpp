#include "upstream/mysql_failure.h"

#include <errmsg.h>
#include <mysqld_error.h>

#include <string>

namespace weir::upstream {
namespace {

using telemetry::CreateFailure;

// Of MySQL alone, and so in no header that is installed.
constexpr unsigned secure_transport_required = 3159, offline_mode = 3032, account_locked = 3118;

bool of_the_library(unsigned number) {
    return (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR) ||
           (number >= CER_MIN_ERROR && number <= CER_MAX_ERROR);
}

bool contains(std::string_view text, std::string_view clue) {
    return text.find(clue) != std::string_view::npos;
}

// MySQL documentation, "Client Error Message Reference".
CreateFailure reason_of_library(unsigned number, std::string_view text) {
    switch (number) {
        case CR_UNKNOWN_HOST:
            return CreateFailure::dns;
        case CR_SSL_CONNECTION_ERROR:
            return CreateFailure::tls;
        case CR_AUTH_PLUGIN_CANNOT_LOAD:
        case CR_AUTH_PLUGIN_ERR:
        case CR_PLUGIN_NOT_ALLOWED:
        case CR_ERR_LOAD_PLUGIN:
            return CreateFailure::auth;
        case CR_CONNECTION_ERROR:
        case CR_CONN_HOST_ERROR:
            return contains(text, "(110)") ? CreateFailure::timeout : CreateFailure::refused;
        case CR_SERVER_GONE_ERROR:
        case CR_SERVER_LOST:
        case CR_SERVER_LOST_EXTENDED:
        case CR_OUT_OF_MEMORY:
        case CR_SOCKET_CREATE_ERROR:
            return CreateFailure::refused;
        default:
            return CreateFailure::protocol;
    }
}

// MySQL documentation, "Server Error Message Reference". What the server says of itself counts
// against the upstream; what it says of an account or a database belongs to the pool.
CreateFailure reason_of(unsigned number, std::string_view text) {
    if (of_the_library(number)) return reason_of_library(number, text);
    switch (number) {
        case ER_CON_COUNT_ERROR:
        case ER_TOO_MANY_USER_CONNECTIONS:
            return CreateFailure::too_many;
        case ER_USER_LIMIT_REACHED:  // so many at once, or so many an hour
            return contains(text, "max_user_connections") ? CreateFailure::too_many
                                                          : CreateFailure::auth;
        case ER_ACCESS_DENIED_ERROR:
        case ER_DBACCESS_DENIED_ERROR:
        case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
        case ER_HOST_NOT_PRIVILEGED:
        case ER_NOT_SUPPORTED_AUTH_MODE:
        case ER_SERVER_IS_IN_SECURE_AUTH_MODE:
        case ER_MUST_CHANGE_PASSWORD:
        case ER_MUST_CHANGE_PASSWORD_LOGIN:
        case ER_ACCOUNT_HAS_BEEN_LOCKED:
        case account_locked:
            return CreateFailure::auth;
        case ER_BAD_DB_ERROR:
        case ER_WRONG_DB_NAME:
            return CreateFailure::database;
        case secure_transport_required:
            return CreateFailure::tls;
        case ER_SERVER_SHUTDOWN:
        case ER_HOST_IS_BLOCKED:
        case ER_OUT_OF_RESOURCES:
        case ER_CANT_CREATE_THREAD:
        case ER_NEW_ABORTING_CONNECTION:
        case offline_mode:
            return CreateFailure::refused;
        default:
            return CreateFailure::protocol;
    }
}

}  // namespace

DialFailure classify_mysql_failure(unsigned number, std::string_view sqlstate,
                                   std::string_view text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    return {reason_of(number, text), of_the_library(number) ? std::string() : std::string(sqlstate),
            std::string(line.empty() ? "connection failed" : line)};
}

bool not_connected(unsigned number) {
    return number == CR_CONNECTION_ERROR || number == CR_CONN_HOST_ERROR;
}

}  // namespace weir::upstream
