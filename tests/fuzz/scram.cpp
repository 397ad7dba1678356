// Nobody gets in without the password, whatever is sent; verifiers of any bytes are parsed or not.
// The input is three texts, divided by newlines: a verifier and the client's two messages, by SCRAM
// with and without a certificate to bind to, the last one by md5 as well.
#include "wire/postgresql/scram.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/postgresql/md5.h"
#include "wire/postgresql/messages.h"

using namespace weir::wire::postgresql;

namespace {

std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto initial = read_sasl_initial(text)) {
        if (initial->data.size() > size) std::abort();
    }
    if (const auto fields = read_error(text)) {
        if (fields->sqlstate.empty()) std::abort();
    }
    const std::string_view verifier = take_line(text);
    const auto parsed = parse_scram_verifier(verifier);
    if (parsed && (parsed->iterations == 0 || parsed->salt.empty())) std::abort();
    if (parsed && parse_md5_verifier(verifier)) std::abort();

    static const ScramVerifier genuine = derive_scram_verifier("a password of its own", "salt", 1);
    const std::string_view first = take_line(text);
    const std::string_view last = take_line(text);
    for (const std::string_view mechanism : {scram_mechanism, scram_plus_mechanism}) {
        for (const std::string_view end_point : {"", "a certificate's hash"}) {
            ScramExchange exchange(genuine, "012345678901234567", end_point);
            const auto server_first = exchange.first(mechanism, first);
            if (server_first && !server_first->starts_with("r=")) std::abort();
            if (exchange.final(last)) std::abort();
        }
    }
    static const Md5Verifier older = *parse_md5_verifier("md5d41d8cd98f00b204e9800998ecf8427e");
    if (check_md5_answer(older, {1, 2, 3, 4}, last)) std::abort();
    return 0;
}
