// The status page that GET / serves: one document, made of the files in page/ when Weir is built,
// so that it needs no file and no other host. It holds no numbers; its script asks the API for
// them. Immutable, for any thread.
#pragma once

#include <string_view>

namespace weir::admin {

struct StatusPage {
    std::string_view document;
    std::string_view tag;     // of this very document, quoted as an ETag is
    std::string_view policy;  // Content-Security-Policy: the document's own script and style alone
};
extern const StatusPage status_page;

}  // namespace weir::admin
