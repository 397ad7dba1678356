#include "settings/secret.h"

#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero

#include <fstream>
#include <iterator>
#include <utility>

#include "settings/pattern.h"

namespace weir::settings {
namespace {

// A tenant's name becomes a part of a path: it must not lead out of the folder.
bool is_one_file_name(std::string_view tenant) {
    return !tenant.empty() && tenant.front() != '.' && tenant.find('/') == std::string_view::npos &&
           tenant.find('\0') == std::string_view::npos;
}

}  // namespace

Secret Secret::of(std::string text) {
    Secret secret;
    secret.text_ = std::move(text);
    return secret;
}

Secret Secret::in_file(std::string path_pattern) {
    Secret secret;
    secret.path_pattern_ = std::move(path_pattern);
    return secret;
}

Secret::~Secret() { wipe(); }

Secret::Secret(Secret&& other) noexcept
    : text_(std::move(other.text_)), path_pattern_(std::move(other.path_pattern_)) {
    other.wipe();
    other.path_pattern_.clear();
}

Secret& Secret::operator=(const Secret& other) {
    if (this != &other) *this = Secret(other);
    return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        text_ = std::move(other.text_);
        path_pattern_ = std::move(other.path_pattern_);
        other.wipe();
        other.path_pattern_.clear();
    }
    return *this;
}

void Secret::wipe() noexcept {
    text_.resize(text_.capacity());  // what a move or a shorter text left behind, too
    explicit_bzero(text_.data(), text_.size());
    text_.clear();
}

std::string Secret::reveal_for(std::string_view tenant) const {
    if (!per_tenant()) return text_;
    if (!is_one_file_name(tenant)) return {};
    std::ifstream file(fill(path_pattern_, Match{std::string(tenant), {}}), std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    return without_line_end(std::move(text));
}

bool Secret::matches(std::string_view candidate) const {
    if (text_.empty()) return false;
    volatile unsigned char difference = text_.size() == candidate.size() ? 0 : 1;
    for (std::size_t i = 0; i < candidate.size(); ++i) {
        const int bits = candidate[i] ^ text_[i % text_.size()];
        difference = static_cast<unsigned char>(difference | bits);
    }
    return difference == 0;
}

std::string without_line_end(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

}  // namespace weir::settings
