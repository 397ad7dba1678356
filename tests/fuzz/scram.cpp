// Nobody gets in without the password, whatever is sent; verifiers of any bytes are parsed or not.
// The input is three texts, divided by newlines: a verifier and the client's two messages.
#include "wire/postgresql/scram.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

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
    const auto parsed = parse_scram_verifier(take_line(text));
    if (parsed && (parsed->iterations == 0 || parsed->salt.empty())) std::abort();

    static const ScramVerifier genuine = derive_scram_verifier("a password of its own", "salt", 1);
    ScramExchange exchange(genuine, "012345678901234567");
    const auto server_first = exchange.first(scram_mechanism, take_line(text));
    if (server_first && !server_first->starts_with("r=")) std::abort();
    if (exchange.final(take_line(text))) std::abort();
    return 0;
}
