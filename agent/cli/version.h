// The version, revision and compiler that the build was configured with.
#pragma once

#include <string_view>

namespace weir::cli {

#ifdef WEIR_VERSION
inline constexpr std::string_view version = WEIR_VERSION;
#else
inline constexpr std::string_view version = "unversioned";
#endif
#ifdef WEIR_REVISION
inline constexpr std::string_view revision = WEIR_REVISION;
#else
inline constexpr std::string_view revision = "unknown";
#endif
#ifdef __clang__
inline constexpr std::string_view compiler = "clang " __clang_version__;
#else
inline constexpr std::string_view compiler = "gcc " __VERSION__;
#endif

}  // namespace weir::cli
