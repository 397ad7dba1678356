#include "proxy/mysql_login.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/random.h>

#include <algorithm>
#include <utility>

#include "loop/proxy_protocol.h"
#include "proxy/lobby.h"
#include "wire/mysql/packets.h"

namespace weir::proxy {

namespace my = wire::mysql;
using telemetry::AuthFailure;
using telemetry::ClientClose;

namespace {

// What the session delivers to whoever has them. Compression is not spoken, the trackers' reports
// are not passed on. Query attributes are for Weir alone: only its traces are made of them.
constexpr std::uint32_t delivered =
    my::capability::long_password | my::capability::found_rows | my::capability::long_flag |
    my::capability::connect_with_db | my::capability::local_files | my::capability::ignore_space |
    my::capability::protocol_41 | my::capability::interactive | my::capability::transactions |
    my::capability::secure_connection | my::capability::multi_statements |
    my::capability::multi_results | my::capability::ps_multi_results | my::capability::plugin_auth |
    my::capability::connect_attributes | my::capability::plugin_auth_lenenc_data |
    my::capability::deprecate_eof;

constexpr std::size_t header_size = my::packet_header_size;

std::size_t length_at(std::string_view bytes) {
    std::size_t length = 0;
    for (unsigned i = 0; i < 3; ++i) {
        length |= std::size_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    return length;
}

}  // namespace

MysqlLogin::MysqlLogin(Lobby& lobby, unsigned listener, base::Fd socket)
    : Login(lobby, listener, std::move(socket)),
      step_(listen().proxy_protocol ? Step::proxy_header : Step::response) {}

MysqlLogin::MysqlLogin(Lobby& lobby, Newcomer returning)
    : Login(lobby, returning), step_(Step::change_user), newcomer_(std::move(returning)) {
    buffer_ = std::exchange(newcomer_.connection.unread, {});
    newcomer_.account.reset();
    newcomer_.of_account = ClientCount();
    newcomer_.password = {};
    newcomer_.options.clear();
    newcomer_.mysql.last_insert_id = 0;
}

MysqlLogin::~MysqlLogin() { OPENSSL_cleanse(buffer_.data(), buffer_.size()); }

const settings::Listen& MysqlLogin::listen() const {
    return *lobby_.shared().listeners[listener_]->settings;
}

bool MysqlLogin::trusts() const { return listen().auth == settings::AuthMode::trust; }

bool MysqlLogin::private_channel() const {
    return stream_->tls() != nullptr || listen().address.starts_with("unix:");
}

void MysqlLogin::begin() {
    if (step_ == Step::response) greet();
}

void MysqlLogin::welcomed() { serve(); }

void MysqlLogin::timed_out() { refuse(login_timed_out(), ClientClose::timeout); }

void MysqlLogin::end_of_input() {
    stream_->close();
    stream_ = nullptr;
    finish(ClientClose::client);
}

void MysqlLogin::received(loop::Slice bytes) {
    spoke_ = true;
    buffer_.append(bytes.bytes());
    serve();
}

void MysqlLogin::serve() {
    while (!finished_ && advance()) {
    }
}

bool MysqlLogin::advance() {
    if (step_ == Step::proxy_header) return read_proxy_header();
    std::string_view payload;
    if (!read_packet(payload)) return false;
    switch (step_) {
        case Step::proxy_header:
            break;
        case Step::response:
            take_response(payload);
            break;
        case Step::change_user:
            take_change_user(payload);
            break;
        case Step::switch_response:
            take_switch_response(payload);
            break;
        case Step::password:
            take_password(payload);
            break;
    }
    // Gone home with what followed, or encrypted from here on.
    if (packet_size_ == 0) return false;
    drop_packet();
    return true;
}

bool MysqlLogin::read_proxy_header() {
    const loop::ProxyHeader header = loop::parse_proxy_header(buffer_);
    if (header.status == loop::ProxyHeader::Status::need_more) return false;
    if (header.status == loop::ProxyHeader::Status::invalid) {
        malformed("a PROXY protocol header was expected");
        return false;
    }
    if (!header.address.empty()) address_ = header.address;
    buffer_.erase(0, header.length);
    step_ = Step::response;
    greet();
    return true;
}

bool MysqlLogin::read_packet(std::string_view& payload) {
    if (buffer_.size() < header_size) return false;
    const std::size_t length = length_at(buffer_);
    if (length > my::longest_handshake_response) {
        malformed("the packet is too long for a login");
        return false;
    }
    if (static_cast<std::uint8_t>(buffer_[3]) != sequence_) {
        malformed("the packet is out of order");
        return false;
    }
    if (buffer_.size() < header_size + length) return false;
    payload = std::string_view(buffer_).substr(header_size, length);
    packet_size_ = header_size + length;
    ++sequence_;
    return true;
}

// What gives away a password does not stay.
void MysqlLogin::drop_packet() {
    OPENSSL_cleanse(buffer_.data(), packet_size_);
    buffer_.erase(0, packet_size_);
    packet_size_ = 0;
}

// Neither NUL, which ends it for some drivers, nor '$', at which others split what they keep.
bool MysqlLogin::make_scramble() {
    std::size_t made = 0;
    while (made < scramble_.size()) {
        std::array<char, 64> random{};
        if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
            return false;
        }
        for (const char byte : random) {
            const char seven_bits = static_cast<char>(byte & 0x7f);
            if (made < scramble_.size() && seven_bits != '\0' && seven_bits != '$') {
                scramble_[made++] = seven_bits;
            }
        }
    }
    return true;
}

void MysqlLogin::greet() {
    if (over_limit_) {
        refuse(client_limit("listener \"" + listen().name + "\"", listen().max_clients),
               ClientClose::limit);
        return;
    }
    if (!make_scramble()) {
        refuse({"58000", "no random numbers for authentication", {}}, ClientClose::login_failed);
        return;
    }
    newcomer_.mysql.thread_id = lobby_.next_thread_id();
    const bool encrypts = lobby_.shared().listeners[listener_]->tls != nullptr;
    const bool traces = lobby_.shared().registry.ring(0) != nullptr;
    offered_ = delivered | (encrypts ? my::capability::ssl : 0) |
               (traces ? my::capability::query_attributes : 0);
    const std::string version = lobby_.mysql_greeting();
    my::Greeting greeting;
    greeting.server_version = version;
    greeting.thread_id = newcomer_.mysql.thread_id;
    greeting.scramble = {scramble_.data(), scramble_.size()};
    greeting.capabilities = offered_;
    greeting.plugin = my::native_password;
    std::string out;
    my::append_greeting(out, greeting);
    say(out);
    sequence_ = 1;
}

void MysqlLogin::take_response(std::string_view payload) {
    if (my::is_tls_request(payload)) {
        begin_tls();
        return;
    }
    const auto response = my::read_handshake_response(payload, offered_);
    if (!response) {
        malformed(response.error().message);
        return;
    }
    newcomer_.mysql.capabilities = response->capabilities & offered_;
    introduce(*response);
    if (!admitted_by_tls()) return;
    if (trusts()) {
        authenticated();
        return;
    }
    challenge(response->plugin, response->auth_response);
}

// What it made of the greeting's scramble proves nothing a second time: it gets another one.
void MysqlLogin::take_change_user(std::string_view payload) {
    const auto request = my::read_change_user(payload, newcomer_.mysql.capabilities);
    if (!request) {
        malformed(request.error().message);
        return;
    }
    introduce(*request);
    if (!admitted_by_tls()) return;
    if (trusts()) {
        authenticated();
        return;
    }
    const bool by_sha2 = request->plugin == my::caching_sha2_password ||
                         lobby_.accounts().needs_password_itself(newcomer_.user);
    switch_to(by_sha2 ? my::caching_sha2_password : my::native_password);
}

void MysqlLogin::introduce(const my::HandshakeResponse& response) {
    newcomer_.user = response.user;
    newcomer_.database = response.database;
    const std::string_view program = my::find_attribute(response.attributes, "program_name");
    if (!program.empty()) newcomer_.application_name = program;
    if (response.character_set != 0) newcomer_.mysql.collation = response.character_set;
    password_given_ = !response.auth_response.empty();
    newcomer_.account = lobby_.accounts().find(newcomer_.user);
}

void MysqlLogin::begin_tls() {
    const auto& listener = lobby_.shared().listeners[listener_]->tls;
    auto tls = listener == nullptr || stream_->tls() != nullptr ? nullptr : listener->accept();
    if (tls == nullptr) {
        malformed("TLS was not offered");
        return;
    }
    // What has come behind the request can be nothing but the handshake.
    stream_->start_tls(std::move(tls), std::string_view(buffer_).substr(packet_size_));
    buffer_.clear();
    packet_size_ = 0;
}

bool MysqlLogin::admitted_by_tls() {
    using Mode = settings::ClientTls;
    const Mode mode = listen().tls.mode;
    const loop::Tls* const tls = stream_->tls();
    if (tls == nullptr && (mode == Mode::require || mode == Mode::verify)) {
        refuse({{},
                fmt::format("listener \"{}\" takes encrypted connections only", listen().name),
                "Connect with TLS, and best check the certificate"},
               AuthFailure::method, mysql_code::tls_required);
        return false;
    }
    if (mode == Mode::verify && tls->peer_name() != newcomer_.user) {
        refuse(other_certificate(newcomer_.user, tls->peer_name()), AuthFailure::method,
               mysql_code::access_denied);
        return false;
    }
    return true;
}

void MysqlLogin::malformed(const std::string& what) {
    refuse(protocol_violation("Bad handshake: " + what), ClientClose::protocol_error);
}

void MysqlLogin::refuse(const Answer& why, AuthFailure reason) {
    refuse(why, reason, mysql_code_of(why));
}

void MysqlLogin::refuse(const Answer& why, AuthFailure reason, MysqlCode code) {
    lobby_.session_probe(listener_).refused_login(reason);
    refuse(why, ClientClose::login_failed, code);
}

void MysqlLogin::refuse(const Answer& why, ClientClose reason) {
    refuse(why, reason, mysql_code_of(why));
}

void MysqlLogin::refuse(const Answer& why, ClientClose reason, MysqlCode code) {
    std::string error;
    append_mysql_error(error, sequence_, why, code);
    say(error);
    stream_->close_after_flush();
    stream_ = nullptr;
    finish(reason);
}

}  // namespace weir::proxy
