#include "proxy/statement_text.h"

#include "wire/postgresql/scanner.h"
#include "wire/postgresql/statement_scan.h"

namespace weir::proxy {

namespace pg = wire::postgresql;

std::string statement_text(std::string_view request) {
    pg::Scanner scanner;
    pg::Piece piece;
    while (scanner.next(request, piece) == pg::Scanner::Status::piece) {
        if (!piece.first || (piece.type != 'Q' && piece.type != 'P')) continue;
        std::string_view text = piece.body;
        if (piece.type == 'P') {
            const std::size_t name_end = text.find('\0');
            if (name_end == std::string_view::npos) continue;
            text.remove_prefix(name_end + 1);
        }
        return pg::without_literals(text.substr(0, text.find('\0')));
    }
    return {};
}

}  // namespace weir::proxy
