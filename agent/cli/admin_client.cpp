#include "cli/admin_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace weir::cli {
namespace {

constexpr long connect_timeout_ms = 3'000;
constexpr long request_timeout_ms = 15'000;  // pausing waits for busy connections

std::optional<std::string> read_token(const std::string& file) {
    std::ifstream in(file);
    if (!in) return std::nullopt;
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    return text;
}

// The machine's own agent: the only one whose token the default file can hold.
bool is_local(const std::string& url) {
    const std::string rest = url.substr(url.find("://") + 3);
    const std::string host = rest.substr(0, rest.find_first_of("/?#"));
    if (host.find('@') != std::string::npos) return false;
    const auto is = [&](std::string_view name) {
        return host.starts_with(name) && (host.size() == name.size() || host[name.size()] == ':');
    };
    const bool all_of_127 =
        host.starts_with("127.") &&
        host.substr(0, host.find(':')).find_first_not_of("0123456789.") == std::string::npos;
    return is("localhost") || is("[::1]") || all_of_127;
}

// Found anew for each request: an agent that restarts may write another one. Empty: there is none.
std::string find_token(const AdminOptions& options) {
    if (!options.token_file.empty()) return read_token(options.token_file).value_or("");
    const char* given = std::getenv("WEIR_ADMIN_TOKEN");
    if (given != nullptr && *given != '\0') return given;
    return is_local(options.url) ? read_token(default_token_file).value_or("") : "";
}

std::size_t collect(char* bytes, std::size_t size, std::size_t count, void* to) {
    static_cast<std::string*>(to)->append(bytes, size * count);
    return size * count;
}

// The agent's own words out of {"error":{"message":…}}; else the status.
std::string refusal_text(long status, const std::string& body) {
    const auto document = nlohmann::json::parse(body, nullptr, false);
    const nlohmann::json::json_pointer message("/error/message");
    if (document.is_object() && document.contains(message) && document[message].is_string()) {
        return document[message].get<std::string>();
    }
    return fmt::format("the answer was HTTP status {}; is that the admin address of an agent?",
                       status);
}

struct CurlDeleter {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

base::Result<AdminClient> AdminClient::open(const AdminOptions& options) {
    static const bool prepared = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!prepared) return base::error("libcurl can't be initialised");
    std::string url = options.url;
    while (url.ends_with('/')) url.pop_back();
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
        return base::error(fmt::format("--admin \"{}\": expected an address such as {}",
                                       options.url, default_admin_url));
    }
    if (!options.token_file.empty() && !read_token(options.token_file)) {
        return base::error("can't read the token file " + options.token_file);
    }
    return AdminClient({std::move(url), options.token_file});
}

base::Result<std::string> AdminClient::get(const std::string& target) const {
    return request(target, nullptr);
}

base::Result<std::string> AdminClient::post(const std::string& target,
                                            const std::string& json) const {
    return request(target, &json);
}

base::Result<std::string> AdminClient::request(const std::string& target,
                                               const std::string* json) const {
    const std::unique_ptr<CURL, CurlDeleter> handle(curl_easy_init());
    if (handle == nullptr) return base::error("libcurl can't be initialised");
    std::string body;
    std::array<char, CURL_ERROR_SIZE> reason{};
    std::unique_ptr<curl_slist, CurlDeleter> headers(
        curl_slist_append(nullptr, "Content-Type: application/json"));
    const std::string token = find_token(options_);
    const std::string authorization = "Authorization: Bearer " + token;
    if (!token.empty()) curl_slist_append(headers.get(), authorization.c_str());

    curl_easy_setopt(handle.get(), CURLOPT_URL, (options_.url + target).c_str());
    curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle.get(), CURLOPT_PROXY, "");
    curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
    curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, request_timeout_ms);
    curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, reason.data());
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &collect);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &body);
    if (json != nullptr) {
        curl_easy_setopt(handle.get(), CURLOPT_POST, 1L);
        curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, json->c_str());
        curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(json->size()));
    }
    const CURLcode outcome = curl_easy_perform(handle.get());
    if (outcome != CURLE_OK) {
        const char* why = reason[0] != '\0' ? reason.data() : curl_easy_strerror(outcome);
        return base::error(fmt::format(
            "no agent answers at {} ({}): start it with `weir serve`, or say where it is with "
            "--admin or WEIR_ADMIN",
            options_.url, why));
    }
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300) return body;
    std::string message = refusal_text(status, body);
    if (status == 401 && token.empty()) {
        message += fmt::format(
            " (no token was found: name its file with --token-file, or run as an "
            "account that can read {})",
            default_token_file);
    }
    return base::error(std::move(message));
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kept =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    std::string encoded;
    for (const char c : text) {
        if (kept.find(c) != std::string_view::npos) {
            encoded.push_back(c);
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return encoded;
}

}  // namespace weir::cli
