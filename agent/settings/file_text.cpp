#include "settings/file_text.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/fd.h"
#include "base/wipe.h"

namespace weir::settings {
namespace {

constexpr std::size_t piece = 16384;

// Room for one more piece; what was there is wiped when it has to move.
void make_room(std::string& text) {
    if (text.capacity() - text.size() >= piece) return;
    std::string larger;
    larger.reserve(2 * (text.size() + piece));
    larger = text;
    base::wipe(text);
    text = std::move(larger);
}

}  // namespace

base::Result<std::string, int> read_file_text(const std::string& path, std::size_t longest) {
    const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return tl::make_unexpected(errno);
    std::string text;
    for (;;) {
        make_room(text);
        const std::size_t had = text.size();
        text.resize(had + piece);
        const ssize_t got = ::read(file.get(), text.data() + had, piece);
        const int error = got < 0 ? errno : 0;
        text.resize(had + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (error == EINTR) continue;
        if (got == 0) return text;
        if (got > 0 && text.size() <= longest) continue;
        base::wipe(text);
        return tl::make_unexpected(got < 0 ? error : EFBIG);
    }
}

}  // namespace weir::settings
