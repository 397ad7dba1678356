#include "cli/pgbouncer_file.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

namespace weir::cli {
namespace {

constexpr int deepest_include = 10;

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

// Takes text in `quote`s off the front; the quote itself is written twice. Nothing without an end.
std::optional<std::string> take_quoted(std::string_view& text, char quote) {
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] != quote) {
            value.push_back(text[i]);
        } else if (i + 1 < text.size() && text[i + 1] == quote) {
            value.push_back(text[i++]);
        } else {
            text.remove_prefix(i + 1);
            return value;
        }
    }
    return std::nullopt;
}

// A key: letters, digits and _.-*, or anything in double quotes.
std::optional<std::string> take_key(std::string_view& text) {
    if (text.starts_with('"')) return take_quoted(text, '"');
    const auto in_key = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view("_.-*").find(c) != std::string_view::npos;
    };
    const auto end = std::find_if_not(text.begin(), text.end(), in_key);
    const auto size = static_cast<std::size_t>(end - text.begin());
    if (size == 0) return std::nullopt;
    std::string key(text.substr(0, size));
    text.remove_prefix(size);
    return key;
}

class Reader {
  public:
    explicit Reader(const FileReader& read) : read_(read) {}

    base::Result<void> file(const std::string& path, int depth = 0) {
        if (depth > deepest_include) return base::error(path + ": includes itself, or too deep");
        const auto text = read_(path);
        if (!text) return tl::make_unexpected(text.error());
        std::string_view rest = *text;
        for (unsigned number = 1; !rest.empty(); ++number) {
            const auto end = std::min(rest.find('\n'), rest.size());
            const std::string place = path + ":" + std::to_string(number);
            if (auto taken = line(trimmed(rest.substr(0, end)), place, depth); !taken) return taken;
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        return {};
    }

    base::Result<void> logins(const PgBouncerSetting& auth_file) {
        const auto text = read_(auth_file.value);
        if (!text) {
            return base::error(auth_file.place + ": auth_file: " + text.error().message);
        }
        std::string_view rest = *text;
        for (unsigned number = 1; !rest.empty(); ++number) {
            const auto end = std::min(rest.find('\n'), rest.size());
            std::string_view login = trimmed(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
            if (!login.starts_with('"')) continue;  // as PgBouncer: a comment or an empty line
            auto name = take_quoted(login, '"');
            login = trimmed(login);
            auto secret = login.starts_with('"') ? take_quoted(login, '"') : std::nullopt;
            if (!name || !secret) {
                return base::error(auth_file.value + ":" + std::to_string(number) +
                                   ": expected \"name\" \"password\"");
            }
            add({std::move(*name), std::move(*secret)});
        }
        return {};
    }

    PgBouncerFile result;

  private:
    base::Result<void> line(std::string_view text, const std::string& place, int depth) {
        constexpr std::string_view include = "%include";
        if (text.empty() || text.front() == ';' || text.front() == '#') return {};
        if (text.starts_with(include) && text.size() > include.size() &&
            is_space(text[include.size()])) {
            auto included = file(std::string(trimmed(text.substr(include.size()))), depth + 1);
            if (!included) return base::error(place + ": %include: " + included.error().message);
            return {};
        }
        if (text.front() == '[') {
            if (text.back() != ']') return base::error(place + ": a section lacks its ]");
            return section(text.substr(1, text.size() - 2), place);
        }
        auto key = take_key(text);
        text = trimmed(text);
        if (!key || !text.starts_with('=')) return base::error(place + ": expected key = value");
        if (section_ == nullptr) return base::error(place + ": a key before any [section]");
        section_->push_back({std::move(*key), std::string(trimmed(text.substr(1))), place});
        return {};
    }

    base::Result<void> section(std::string_view name, const std::string& place) {
        if (name == "pgbouncer") {
            section_ = &result.general;
        } else if (name == "databases") {
            section_ = &result.databases;
        } else if (name == "users") {
            section_ = &result.users;
        } else {
            return base::error(place + ": PgBouncer has no such section");
        }
        return {};
    }

    void add(PgBouncerLogin login) {
        for (auto& known : result.logins) {
            if (known.name == login.name) {
                known.secret = std::move(login.secret);
                return;
            }
        }
        result.logins.push_back(std::move(login));
    }

    const FileReader& read_;
    std::vector<PgBouncerSetting>* section_ = nullptr;
};

}  // namespace

const PgBouncerSetting* PgBouncerFile::find(std::string_view key) const {
    const auto found = std::find_if(general.rbegin(), general.rend(),
                                    [&](const auto& setting) { return setting.key == key; });
    return found == general.rend() ? nullptr : &*found;
}

const PgBouncerLogin* PgBouncerFile::login(std::string_view name) const {
    const auto found = std::find_if(logins.begin(), logins.end(),
                                    [&](const auto& known) { return known.name == name; });
    return found == logins.end() ? nullptr : &*found;
}

base::Result<std::string> read_whole_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (!file.is_open() || file.bad()) {
        return base::error(path + ": " + std::generic_category().message(errno));
    }
    return text;
}

base::Result<PgBouncerFile> read_pgbouncer_file(const std::string& path, const FileReader& read) {
    Reader reader(read);
    if (auto done = reader.file(path); !done) return tl::make_unexpected(done.error());
    const PgBouncerSetting* auth_file = reader.result.find("auth_file");
    if (auth_file != nullptr && !auth_file->value.empty()) {
        if (auto done = reader.logins(*auth_file); !done) return tl::make_unexpected(done.error());
    }
    return std::move(reader.result);
}

base::Result<Pairs> parse_pairs(std::string_view text) {
    Pairs pairs;
    for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
        auto key = take_key(text);
        text = trimmed(text);
        if (!key || !text.starts_with('=')) return base::error("expected key=value pairs");
        text = trimmed(text.substr(1));
        if (text.starts_with('\'')) {
            auto value = take_quoted(text, '\'');
            if (!value) return base::error("a value lacks its closing quote");
            pairs.emplace_back(std::move(*key), std::move(*value));
        } else {
            const auto end = std::find_if(text.begin(), text.end(), is_space);
            pairs.emplace_back(std::move(*key), std::string(text.begin(), end));
            text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
        }
    }
    return pairs;
}

}  // namespace weir::cli
