#include "wire/postgresql/messages.h"

#include <algorithm>
#include <utility>

#include "wire/postgresql/message_types.h"

namespace weir::wire::postgresql {

namespace {

constexpr std::uint32_t authentication_ok_code = 0;
constexpr std::uint32_t authentication_md5_code = 5;
constexpr std::uint32_t authentication_sasl_code = 10;
constexpr std::uint32_t authentication_sasl_continue_code = 11;
constexpr std::uint32_t authentication_sasl_final_code = 12;

void put_uint32(std::string& out, std::uint32_t value) {
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        out.push_back(static_cast<char>(value >> shift & 0xffU));
    }
}

// Up to its first NUL, which would otherwise end the field early and shift all that follow.
void put_c_string(std::string& out, std::string_view text) {
    out.append(text.substr(0, text.find('\0')));
    out.push_back('\0');
}

// One message: opened with its type, closed by writing the length.
class Builder {
  public:
    explicit Builder(char type) : out_{type, 0, 0, 0, 0} {}
    Builder& uint32(std::uint32_t value) {
        put_uint32(out_, value);
        return *this;
    }
    Builder& text(std::string_view value) {
        put_c_string(out_, value);
        return *this;
    }
    Builder& raw(std::string_view value) {
        out_.append(value);
        return *this;
    }
    Builder& field(char type, std::string_view value) {
        out_.push_back(type);
        return text(value);
    }
    [[nodiscard]] std::string done() {
        put_length(out_);
        return std::move(out_);
    }

  private:
    std::string out_;
};

std::string report(char type, std::string_view severity, std::string_view sqlstate,
                   std::string_view message, std::string_view detail, std::string_view hint) {
    Builder builder(type);
    builder.field('S', severity).field('V', severity).field('C', sqlstate).field('M', message);
    if (!detail.empty()) builder.field('D', detail);
    if (!hint.empty()) builder.field('H', hint);
    return builder.raw(std::string_view("\0", 1)).done();
}

}  // namespace

std::string error_response(std::string_view severity, std::string_view sqlstate,
                           std::string_view message, std::string_view detail,
                           std::string_view hint) {
    return report(backend::error_response, severity, sqlstate, message, detail, hint);
}

std::string notice_response(std::string_view sqlstate, std::string_view message) {
    return report(backend::notice_response, "NOTICE", sqlstate, message, {}, {});
}

std::string ready_for_query(TransactionStatus status) {
    const char byte = static_cast<char>(status);
    return Builder(backend::ready_for_query).raw({&byte, 1}).done();
}

std::string parameter_status(std::string_view name, std::string_view value) {
    return Builder(backend::parameter_status).text(name).text(value).done();
}

std::string backend_key_data(std::uint32_t process_id, std::string_view secret) {
    return Builder(backend::backend_key_data).uint32(process_id).raw(secret).done();
}

std::string authentication_ok() {
    return Builder(backend::authentication).uint32(authentication_ok_code).done();
}

std::string authentication_md5_password(std::string_view salt) {
    return Builder(backend::authentication).uint32(authentication_md5_code).raw(salt).done();
}

std::string authentication_sasl(const std::vector<std::string_view>& mechanisms) {
    Builder builder(backend::authentication);
    builder.uint32(authentication_sasl_code);
    for (const std::string_view mechanism : mechanisms) builder.text(mechanism);
    return builder.text({}).done();
}

std::string authentication_sasl_continue(std::string_view data) {
    return Builder(backend::authentication)
        .uint32(authentication_sasl_continue_code)
        .raw(data)
        .done();
}

std::string authentication_sasl_final(std::string_view data) {
    return Builder(backend::authentication).uint32(authentication_sasl_final_code).raw(data).done();
}

// The field is documented as the minor version, but servers send and libpq reads the whole one.
std::string negotiate_protocol_version(std::uint32_t newest_minor,
                                       const std::vector<std::string>& unknown_options) {
    Builder builder(backend::negotiate_protocol_version);
    builder.uint32(3U << 16U | newest_minor);
    builder.uint32(static_cast<std::uint32_t>(unknown_options.size()));
    for (const std::string& option : unknown_options) builder.text(option);
    return builder.done();
}

std::string_view reported_name(std::string_view lower_case) {
    for (const std::string_view name : {"DateStyle", "IntervalStyle", "TimeZone"}) {
        const auto same = [](char a, char b) { return (a | 0x20) == b; };
        if (std::equal(name.begin(), name.end(), lower_case.begin(), lower_case.end(), same)) {
            return name;
        }
    }
    return lower_case;
}

void put_length(std::string& message) {
    std::string length;
    put_uint32(length, static_cast<std::uint32_t>(message.size() - 1));
    message.replace(1, length.size(), length);
}

std::string query(std::string_view sql) { return Builder(frontend::query).text(sql).done(); }

std::string sync() { return Builder(frontend::sync).done(); }

std::string terminate() { return Builder(frontend::terminate).done(); }

std::string copy_fail(std::string_view reason) {
    return Builder(frontend::copy_fail).text(reason).done();
}

std::string parse(std::string_view statement, std::string_view definition) {
    return Builder(frontend::parse).text(statement).raw(definition).done();
}

std::string execute(std::string_view portal) {
    return Builder(frontend::execute).text(portal).uint32(0).done();
}

std::string describe_statement(std::string_view statement) {
    return Builder(frontend::describe).field('S', statement).done();
}

std::string close_statement(std::string_view statement) {
    return Builder(frontend::close).field('S', statement).done();
}

std::string close_portal(std::string_view portal) {
    return Builder(frontend::close).field('P', portal).done();
}

void put_bind_head(std::string& out, std::string_view portal, std::string_view statement,
                   std::size_t rest) {
    constexpr std::size_t length_field = 4;
    out.push_back(frontend::bind);
    put_uint32(out, static_cast<std::uint32_t>(length_field + portal.size() + 1 + statement.size() +
                                               1 + rest));
    put_c_string(out, portal);
    put_c_string(out, statement);
}

std::string parse_complete() { return Builder(backend::parse_complete).done(); }

std::string close_complete() { return Builder(backend::close_complete).done(); }

std::string_view read_c_string(std::string_view& bytes) {
    const std::size_t end = bytes.find('\0');
    if (end == std::string_view::npos) return {};
    const std::string_view text = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    return text;
}

// Severity is taken from 'V', which is never translated; servers before 9.6 have only 'S'.
std::optional<ErrorFields> read_error(std::string_view body) {
    ErrorFields fields;
    while (!body.empty() && body.front() != '\0') {
        const char type = body.front();
        body.remove_prefix(1);
        const std::size_t before = body.size();
        const std::string_view value = read_c_string(body);
        if (body.size() == before) return std::nullopt;
        if (type == 'V' || (type == 'S' && fields.severity.empty())) fields.severity = value;
        if (type == 'C') fields.sqlstate = value;
        if (type == 'M') fields.message = value;
    }
    if (body.size() != 1 || fields.sqlstate.empty()) return std::nullopt;
    return fields;
}

std::optional<Parameter> read_parameter_status(std::string_view body) {
    const std::size_t name_end = body.find('\0');
    if (name_end == std::string_view::npos || name_end == 0) return std::nullopt;
    const std::size_t value_end = body.find('\0', name_end + 1);
    if (value_end == std::string_view::npos || value_end + 1 != body.size()) return std::nullopt;
    return Parameter{body.substr(0, name_end), body.substr(name_end + 1, value_end - name_end - 1)};
}

std::optional<SaslInitial> read_sasl_initial(std::string_view body) {
    SaslInitial initial;
    initial.mechanism = read_c_string(body);
    if (initial.mechanism.empty() || body.size() < 4) return std::nullopt;
    std::uint32_t length = 0;
    for (const char c : body.substr(0, 4)) length = length << 8U | static_cast<unsigned char>(c);
    initial.data = body.substr(4);
    constexpr std::uint32_t absent = 0xffffffff;
    if (initial.data.size() != (length == absent ? 0 : length)) return std::nullopt;
    return initial;
}

std::string_view parsed_text(std::string_view body) {
    const std::size_t name_end = body.find('\0');
    if (name_end == std::string_view::npos) return {};
    body.remove_prefix(name_end + 1);
    return body.substr(0, body.find('\0'));
}

}  // namespace weir::wire::postgresql
