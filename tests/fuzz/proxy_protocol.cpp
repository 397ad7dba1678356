// Foreign bytes in front of a connection. Beyond not crashing: the verdict on a header never
// depends on how many of its bytes had come when it was first looked at.
#include "loop/proxy_protocol.h"

#include <cstdint>
#include <cstdlib>

using weir::loop::parse_proxy_header;
using Status = weir::loop::ProxyHeader::Status;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t longest_header = 4096;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = parse_proxy_header(bytes);
    if (whole.status == Status::need_more && size >= longest_header) std::abort();
    if (whole.status == Status::done && (whole.length == 0 || whole.length > size)) std::abort();
    for (std::size_t cut = 0; cut < size && cut < 300; ++cut) {
        const auto part = parse_proxy_header(bytes.substr(0, cut));
        if (part.status == Status::need_more) continue;
        if (part.status != whole.status || part.length != whole.length) std::abort();
        if (part.address != whole.address) std::abort();
        break;
    }
    return 0;
}
