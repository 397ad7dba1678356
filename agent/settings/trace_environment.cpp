#include "settings/trace_environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "settings/percent.h"

namespace weir::settings {
namespace {

using std::chrono::milliseconds;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view traces_path = "v1/traces";
constexpr std::uint64_t most_spans = 1'000'000;
constexpr milliseconds longest = std::chrono::hours(1);  // what "no limit" comes to

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool same_letters(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

// A field name of HTTP (RFC 9110, section 5.6.2).
bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

// What could end a header's line, and any other control character but the tab.
bool fits_a_line(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
}

// "a=1,b=2", percent-encoded (W3C Baggage without properties); nothing when any of it is wrong.
std::optional<Pairs> read_pairs(std::string_view text) {
    Pairs pairs;
    while (!text.empty()) {
        const std::string_view one = text.substr(0, text.find(','));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        if (trimmed(one).empty()) continue;
        const auto equals = one.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        auto name = percent_decoded(trimmed(one.substr(0, equals)));
        auto value = percent_decoded(trimmed(one.substr(equals + 1)));
        if (!name || name->empty() || !value) return std::nullopt;
        pairs.emplace_back(std::move(*name), std::move(*value));
    }
    return pairs;
}

// One look at the environment: what is unset and what is empty are the same.
class Reader {
  public:
    Reader(const Environment& environment, Report& warnings)
        : environment_(environment), warnings_(warnings) {}

    [[nodiscard]] std::string_view get(const std::string& name) const {
        const auto found = environment_.find(name);
        return found == environment_.end() ? std::string_view() : trimmed(found->second);
    }
    // Of OTEL_EXPORTER_OTLP_TRACES_<what>, and of the one for all signals, the first that is set;
    // empty when none is.
    [[nodiscard]] std::string either(std::string_view what) const {
        for (const char* prefix : {"OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"}) {
            std::string name = fmt::format("{}{}", prefix, what);
            if (!get(name).empty()) return name;
        }
        return {};
    }
    void wrong(const std::string& name, std::string message) {
        warnings_.add({"environment " + name}, "traces", std::move(message));
    }
    // Leaves `number` as it is when the variable is unset or wrong.
    void whole(const std::string& name, std::uint64_t least, std::uint64_t most,
               std::uint64_t& number) {
        const std::string_view text = get(name);
        if (text.empty()) return;
        std::uint64_t value = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (failed != std::errc() || end != text.data() + text.size() || value < least ||
            value > most) {
            wrong(name, fmt::format("expected a whole number from {} to {}; {} holds", least, most,
                                    number));
            return;
        }
        number = value;
    }
    void time(const std::string& name, std::uint64_t least, milliseconds& limit) {
        auto number = static_cast<std::uint64_t>(limit.count());
        whole(name, least, static_cast<std::uint64_t>(longest.count()), number);
        limit = milliseconds(number);
    }
    // As above; of a limit, zero is none.
    void limit(const std::string& name, milliseconds& limit) {
        time(name, 0, limit);
        if (limit.count() == 0) limit = longest;
    }
    void text(std::string_view what, std::string& value) const {
        if (const std::string name = either(what); !name.empty()) value = get(name);
    }

  private:
    const Environment& environment_;
    Report& warnings_;
};

std::string with_path(std::string_view base) {
    return fmt::format("{}{}{}", base, base.ends_with('/') ? "" : "/", traces_path);
}

std::string read_url(const Traces& traces, Reader& reader) {
    for (const char* name : {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"}) {
        const std::string_view text = reader.get(name);
        if (text.empty()) continue;
        const bool whole = std::string_view(name).find("TRACES") != std::string_view::npos;
        std::string why = wrong_with_collector(text);
        if (why.empty() && !whole && text.find('?') != std::string_view::npos) {
            why = "expected an address without a query";
        }
        if (why.empty()) return whole ? std::string(text) : with_path(text);
        reader.wrong(name, why + "; it is left out of account");
    }
    return traces.endpoint.empty() ? std::string() : with_path(traces.endpoint);
}

void read_protocol(Reader& reader, TraceProtocol& protocol) {
    const std::string name = reader.either("PROTOCOL");
    if (name.empty()) return;
    const auto& words = base::Words<TraceProtocol>::all;
    const auto found = std::find(words.begin(), words.end(), reader.get(name));
    if (found == words.end()) {
        reader.wrong(name, fmt::format("expected {}; {} holds", fmt::join(words, " or "),
                                       base::word(protocol)));
        return;
    }
    protocol = static_cast<TraceProtocol>(found - words.begin());
}

void read_headers(Reader& reader, TraceExport& traces) {
    const std::string name = reader.either("HEADERS");
    if (name.empty()) return;
    auto pairs = read_pairs(reader.get(name));
    const bool sound = pairs && std::all_of(pairs->begin(), pairs->end(), [](const auto& pair) {
                           return is_token(pair.first) && fits_a_line(pair.second);
                       });
    if (!sound) {
        reader.wrong(name, "expected name=value,name=value, percent-encoded; no header is added");
        return;
    }
    for (auto& [header, value] : *pairs) {
        traces.headers.emplace_back(header, Secret::taken_from(value));
    }
}

void read_resource(Reader& reader, TraceExport& traces) {
    const std::string attributes = "OTEL_RESOURCE_ATTRIBUTES";
    if (auto pairs = read_pairs(reader.get(attributes))) {
        traces.resource = std::move(*pairs);
    } else {
        reader.wrong(attributes, "expected key=value,key=value, percent-encoded; none is added");
    }
    const std::string_view service = reader.get("OTEL_SERVICE_NAME");
    if (service.empty()) return;
    std::erase_if(traces.resource, [](const auto& pair) { return pair.first == "service.name"; });
    traces.resource.emplace(traces.resource.begin(), "service.name", service);
}

void read_batches(Reader& reader, TraceExport& traces) {
    reader.time("OTEL_BSP_SCHEDULE_DELAY", 1, traces.delay);
    reader.limit("OTEL_BSP_EXPORT_TIMEOUT", traces.batch_timeout);
    std::uint64_t queue = traces.queue;
    reader.whole("OTEL_BSP_MAX_QUEUE_SIZE", 1, most_spans, queue);
    std::uint64_t batch = std::min<std::uint64_t>(traces.batch, queue);
    reader.whole("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, queue, batch);
    traces.queue = queue;
    traces.batch = batch;
}

}  // namespace

std::string wrong_with_collector(std::string_view text) {
    constexpr const char* expected =
        "expected an address of HTTP such as http://127.0.0.1:4318 or https://collector.example";
    std::string_view rest = text;
    if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else if (rest.starts_with("https://")) {
        rest.remove_prefix(8);
    } else {
        return expected;
    }
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.empty() || authority.starts_with(':')) return expected;
    if (authority.find('@') != std::string_view::npos) {
        return "expected no account in the address: OTEL_EXPORTER_OTLP_HEADERS is for secrets";
    }
    const bool plain = std::none_of(rest.begin(), rest.end(), [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '#';
    });
    return plain ? "" : expected;
}

std::optional<TraceExport> trace_export(const Traces& traces, const Environment& environment,
                                        Report& warnings) {
    Reader reader(environment, warnings);
    const std::string_view disabled = reader.get("OTEL_SDK_DISABLED");
    if (same_letters(disabled, "true")) return std::nullopt;
    TraceExport found;
    found.url = read_url(traces, reader);
    if (found.url.empty()) return std::nullopt;  // what is said of the rest concerns others
    if (!disabled.empty() && !same_letters(disabled, "false")) {
        reader.wrong("OTEL_SDK_DISABLED", "expected true or false; false holds");
    }
    found.protocol = traces.protocol;
    read_protocol(reader, found.protocol);
    read_headers(reader, found);
    reader.text("CERTIFICATE", found.ca);
    reader.text("CLIENT_CERTIFICATE", found.certificate);
    reader.text("CLIENT_KEY", found.key);
    if (const std::string name = reader.either("TIMEOUT"); !name.empty()) {
        reader.limit(name, found.request_timeout);
    }
    const std::string compression = reader.either("COMPRESSION");
    if (!compression.empty() && reader.get(compression) != "none") {
        reader.wrong(compression, "expected none: batches are sent as they are");
    }
    read_resource(reader, found);
    read_batches(reader, found);
    return found;
}

}  // namespace weir::settings
