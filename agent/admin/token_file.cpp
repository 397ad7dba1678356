#include "admin/token_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/fd.h"

namespace weir::admin {
namespace {

tl::unexpected<base::Error> failed(std::string_view what, const std::string& path, int code) {
    return base::error(fmt::format("{} {}: {}", what, path, std::generic_category().message(code)));
}

base::Result<std::string> random_hex() {
    std::array<unsigned char, 32> bytes{};
    // Never short for so few bytes.
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        return base::error("the operating system gave no random bytes");
    }
    std::string text;
    for (const unsigned char byte : bytes) {
        fmt::format_to(std::back_inserter(text), "{:02x}", byte);
    }
    return text;
}

base::Result<void> make_folder_of(const std::string& path) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    if (folder.empty() || ::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST) return {};
    return failed("can't make the folder", folder.string(), errno);
}

base::Result<void> write_file(const std::string& path, const std::string& text) {
    const base::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                             S_IRUSR | S_IWUSR));
    if (!fd) return failed("can't create", path, errno);
    // The umask may have taken even the owner's rights.
    if (::fchmod(fd.get(), S_IRUSR | S_IWUSR) != 0) {
        return failed("can't set the mode of", path, errno);
    }
    const ssize_t written = ::write(fd.get(), text.data(), text.size());
    if (written < 0) return failed("can't write", path, errno);
    if (static_cast<std::size_t>(written) != text.size()) {
        return failed("can't write all of", path, ENOSPC);
    }
    return {};
}

}  // namespace

base::Result<std::unique_ptr<TokenFile>> TokenFile::prepare(std::string path) {
    const auto token = random_hex();
    const auto suffix = random_hex();
    if (!token || !suffix) return tl::make_unexpected((token ? suffix : token).error());
    if (auto made = make_folder_of(path); !made) return tl::make_unexpected(made.error());
    std::string temporary = path + "." + suffix->substr(0, 16);
    // From here on the object removes what is there, half-written or not.
    std::unique_ptr<TokenFile> file(new TokenFile(std::move(path), std::move(temporary), *token));
    if (auto written = write_file(file->temporary_, file->token_ + "\n"); !written) {
        return tl::make_unexpected(written.error());
    }
    return file;
}

TokenFile::TokenFile(std::string path, std::string temporary, std::string token)
    : path_(std::move(path)), temporary_(std::move(temporary)), token_(std::move(token)) {}

TokenFile::~TokenFile() {
    if (!published_) {
        ::unlink(temporary_.c_str());
        return;
    }
    std::ifstream file(path_);
    std::string line;
    if (std::getline(file, line) && line == token_) ::unlink(path_.c_str());
}

base::Result<void> TokenFile::publish() {
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
        return failed("can't put in place", path_, errno);
    }
    published_ = true;
    return {};
}

}  // namespace weir::admin
