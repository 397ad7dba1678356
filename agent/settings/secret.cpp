#include "settings/secret.h"

#include <openssl/crypto.h>

#include <cstring>
#include <new>
#include <utility>

#include "base/wipe.h"
#include "settings/file_text.h"
#include "settings/pattern.h"

namespace weir::settings {
namespace {

// Room for the secrets of two configurations (a reload holds both) and for OpenSSL's private keys;
// within what systemd and Debian let a service lock. What does not fit is wiped, but not locked.
constexpr std::size_t heap_size = std::size_t{1} << 21U;
constexpr std::size_t smallest_piece = 16;

bool make_heap() {
    constexpr int locked = 1;
    return CRYPTO_secure_malloc_init(heap_size, smallest_piece) == locked;
}

// A tenant's name becomes a part of a path: it must not lead out of the folder.
bool is_one_file_name(std::string_view tenant) {
    return !tenant.empty() && tenant.front() != '.' && tenant.find('/') == std::string_view::npos &&
           tenant.find('\0') == std::string_view::npos;
}

}  // namespace

bool secrets_are_locked() {
    static const bool locked = make_heap();
    return locked;
}

class Secret::Text {
  public:
    explicit Text(std::string_view text) : size_(text.size()) {
        (void)secrets_are_locked();  // there is a heap from now on
        bytes_ = static_cast<char*>(OPENSSL_secure_malloc(size_ + 1));
        if (bytes_ == nullptr) bytes_ = static_cast<char*>(OPENSSL_malloc(size_ + 1));
        if (bytes_ == nullptr) throw std::bad_alloc();
        std::memcpy(bytes_, text.data(), size_);
        bytes_[size_] = '\0';
    }
    // Wipes, and tells by the address which of the two heaps it is of.
    ~Text() { OPENSSL_secure_clear_free(bytes_, size_ + 1); }
    Text(const Text&) = delete;
    Text& operator=(const Text&) = delete;

    [[nodiscard]] std::string_view view() const { return {bytes_, size_}; }

  private:
    std::size_t size_;
    char* bytes_;
};

Secret Secret::of(std::string_view text) {
    Secret secret;
    if (!text.empty()) secret.text_ = std::make_shared<const Text>(text);
    return secret;
}

Secret Secret::taken_from(std::string& text) {
    Secret secret = of(text);
    base::wipe(text);
    return secret;
}

Secret Secret::in_file(std::string path_pattern) {
    Secret secret;
    secret.path_pattern_ = std::move(path_pattern);
    return secret;
}

std::string_view Secret::reveal() const { return text_ == nullptr ? "" : text_->view(); }

Secret Secret::reveal_for(std::string_view tenant) const {
    if (!per_tenant()) return *this;
    if (!is_one_file_name(tenant)) return {};
    auto text = read_file_text(fill(path_pattern_, Match{std::string(tenant), {}}), longest);
    if (!text) return {};
    drop_line_end(*text);
    return taken_from(*text);
}

bool Secret::matches(std::string_view candidate) const {
    const std::string_view text = reveal();
    return !text.empty() && text.size() == candidate.size() &&
           CRYPTO_memcmp(text.data(), candidate.data(), text.size()) == 0;
}

bool Secret::operator==(const Secret& other) const {
    if (path_pattern_ != other.path_pattern_) return false;
    return text_ == other.text_ || matches(other.reveal());
}

void drop_line_end(std::string& text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
}

}  // namespace weir::settings
