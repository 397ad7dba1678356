// Files that may hold secrets: nothing of them stays behind in freed memory but what is returned.
// Any thread but a loop.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace weir::settings {

// The whole file, for the caller to wipe; the error is an errno, EFBIG for more than `longest`
// bytes. Pipes are read to their end.
[[nodiscard]] base::Result<std::string, int> read_file_text(const std::string& path,
                                                            std::size_t longest);

}  // namespace weir::settings
