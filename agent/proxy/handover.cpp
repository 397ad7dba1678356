#include "proxy/handover.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace weir::proxy {
namespace {

using nlohmann::json;
using Kind = HandoverMessage::Kind;

// CBOR, because a cancel's secret is any bytes; by names, because the two may differ in version.
std::string encoded(const HandoverMessage& message) {
    const json document{{"kind", base::word(message.kind)},
                        {"text", message.text},
                        {"number", message.number},
                        {"owns_file", message.owns_file},
                        {"kept", message.kept}};
    std::string bytes;
    json::to_cbor(document, bytes);
    return bytes;
}

std::optional<HandoverMessage> decoded(loop::Channel::Packet packet) {
    const json document = json::from_cbor(packet.bytes, true, false);
    if (!document.is_object()) return std::nullopt;
    HandoverMessage message;
    try {
        const auto kind = base::from_word<Kind>(document.value("kind", std::string()));
        if (!kind) return std::nullopt;
        message.kind = *kind;
        message.text = document.value("text", std::string());
        message.number = document.value("number", 0U);
        message.owns_file = document.value("owns_file", false);
        message.kept = document.value("kept", KeptConnections());
    } catch (const json::exception&) {  // a value of another type
        return std::nullopt;
    }
    message.descriptor = std::move(packet.descriptor);
    return message;
}

}  // namespace

base::Result<std::pair<Handover, Handover>> Handover::pair() {
    auto ends = loop::Channel::pair();
    if (!ends) return tl::make_unexpected(ends.error());
    return std::pair(Handover(std::move(ends->first)), Handover(std::move(ends->second)));
}

std::optional<Handover> Handover::adopt(int descriptor) {
    auto channel = loop::Channel::adopt(descriptor);
    if (!channel) return std::nullopt;
    return Handover(std::move(*channel));
}

bool Handover::send(const HandoverMessage& message) const {
    return channel_.send(encoded(message), message.descriptor.get());
}

std::optional<HandoverMessage> Handover::receive() {
    while (auto packet = channel_.receive()) {
        if (auto message = decoded(std::move(*packet))) return message;
    }
    return std::nullopt;
}

std::optional<HandoverMessage> Handover::await(base::Instant deadline) {
    for (;;) {
        if (auto message = receive()) return message;
        if (closed() || base::Clock::now() >= deadline) return std::nullopt;
        channel_.wait(deadline);
    }
}

}  // namespace weir::proxy
