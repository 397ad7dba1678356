// A start-up packet is judged the same whatever comes behind it, a verdict once given stands, and
// what is waited for is bounded.
#include "wire/postgresql/startup.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using weir::wire::postgresql::maximum_startup_length;
using weir::wire::postgresql::parse_startup;
using weir::wire::postgresql::Startup;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const Startup& startup, std::size_t size) {
    using Kind = Startup::Kind;
    require(startup.length <= size);
    require((startup.kind == Kind::invalid) == !startup.error.empty());
    const bool packet = startup.kind == Kind::ssl_request || startup.kind == Kind::gss_request ||
                        startup.kind == Kind::cancel || startup.kind == Kind::start;
    require(packet == (startup.length >= 8));
    if (startup.kind == Kind::start) require(startup.parameter("user") != nullptr);
    if (startup.kind == Kind::cancel) {
        require(startup.secret.size() >= 4 && startup.secret.size() <= 256);
    }
    if (startup.kind == Kind::need_more) require(size < maximum_startup_length + 4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const Startup whole = parse_startup(bytes);
    check(whole, size);
    for (std::size_t part = 0; part < size && part < 600; ++part) {
        const Startup early = parse_startup(bytes.substr(0, part));
        check(early, part);
        if (early.kind == Startup::Kind::need_more) continue;
        require(early.kind == whole.kind && early.length == whole.length);
        require(early.parameters == whole.parameters && early.secret == whole.secret);
        break;
    }
    return 0;
}
