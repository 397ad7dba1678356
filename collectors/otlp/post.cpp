#include "collectors/otlp/post.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/wipe.h"
#include "collectors/otlp/encoder.h"
#include "settings/address.h"

namespace weir::collectors::otlp {
namespace {

constexpr std::size_t longest_body = 64 * 1024;  // of an answer that is looked at
constexpr std::size_t longest_problem = 200;

// What is too long is read and dropped: breaking off would look like a lost connection.
std::size_t collect(char* bytes, std::size_t size, std::size_t count, void* to) {
    auto& body = *static_cast<std::string*>(to);
    body.append(bytes, std::min(size * count, longest_body - body.size()));
    return size * count;
}

// libcurl's lists are plain memory, and there are secrets in this one.
struct WipeList {
    void operator()(curl_slist* list) const {
        for (auto* one = list; one != nullptr; one = one->next) {
            explicit_bzero(one->data, std::strlen(one->data));
        }
        curl_slist_free_all(list);
    }
};
using HeaderList = std::unique_ptr<curl_slist, WipeList>;

void add(HeaderList& list, const std::string& line) {
    if (auto* longer = curl_slist_append(list.get(), line.c_str())) {
        static_cast<void>(list.release());
        list.reset(longer);
    }
}

HeaderList headers_of(const settings::TraceExport& traces) {
    HeaderList list;
    for (const auto& [name, value] : traces.headers) {
        const std::string_view text = value.reveal();
        std::string line;
        line.reserve(name.size() + 2 + text.size());
        line.append(name).append(text.empty() ? ";" : ": ").append(text);  // ";": sent empty
        add(list, line);
        base::wipe(line);
    }
    add(list, fmt::format("Content-Type: {}", content_type(traces.protocol)));
    add(list, "Expect:");  // no waiting for "100 Continue" before a long batch
    return list;
}

bool on_this_machine(std::string_view url) {
    url.remove_prefix(url.find("://") + 3);
    const std::string authority(url.substr(0, url.find_first_of("/?")));
    auto address = settings::parse_address(authority);
    if (!address) address = settings::parse_address(authority + ":1");
    return address && address->is_loopback();
}

}  // namespace

struct Post::Handle {
    CURL* curl = nullptr;
    std::array<char, CURL_ERROR_SIZE> problem{};
};

Post::Post(const settings::TraceExport& traces, std::string agent)
    : traces_(traces), agent_(std::move(agent)), handle_(std::make_unique<Handle>()) {
    static const bool prepared = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (prepared) handle_->curl = curl_easy_init();
    CURL* const curl = handle_->curl;
    if (curl == nullptr) return;
    curl_easy_setopt(curl, CURLOPT_URL, traces_.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, agent_.c_str());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // a name server that hangs holds up no stop
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, handle_->problem.data());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &collect);
    // A proxy that the environment names is asked for other machines only.
    if (on_this_machine(traces_.url)) curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (!traces_.ca.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, traces_.ca.c_str());
    if (!traces_.certificate.empty()) {
        curl_easy_setopt(curl, CURLOPT_SSLCERT, traces_.certificate.c_str());
    }
    if (!traces_.key.empty()) curl_easy_setopt(curl, CURLOPT_SSLKEY, traces_.key.c_str());
    const auto look = [](void* post, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        return past_deadline(*static_cast<const Post*>(post)) ? 1 : 0;
    };
    curl_easy_setopt(
        curl, CURLOPT_XFERINFOFUNCTION,
        static_cast<int (*)(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t)>(look));
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, this);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

Post::~Post() { curl_easy_cleanup(handle_->curl); }

bool Post::past_deadline(const Post& post) {
    return base::Clock::now().time_since_epoch().count() >= post.deadline_;
}

Answer Post::send(std::string_view batch, std::chrono::milliseconds limit) {
    Answer answer;
    CURL* const curl = handle_->curl;
    if (curl == nullptr) {
        answer.problem = "libcurl can't be initialised";
        return answer;
    }
    const HeaderList headers = headers_of(traces_);
    handle_->problem[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, batch.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(batch.size()));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max(limit.count(), 1L)));
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
    const CURLcode done = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, nullptr);
    if (done != CURLE_OK) {
        const char* said = handle_->problem.data();
        answer.problem = *said != '\0' ? said : curl_easy_strerror(done);
        answer.problem.resize(std::min(answer.problem.size(), longest_problem));
        return answer;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_off_t seconds = 0;  // libcurl knows both forms, a number of seconds and a date
    if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0) {
        answer.retry_after = std::chrono::seconds(seconds);
    }
    return answer;
}

}  // namespace weir::collectors::otlp
