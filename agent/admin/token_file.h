// The random token for acting, in a file that only the agent's account can read: made at start when
// the configuration names no token, gone with this object. The commands read it by themselves.
// Written beside its place first, so that an agent that can't start never replaces the file of the
// one that runs.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace weir::admin {

class TokenFile {
  public:
    // Makes a token of 32 random bytes and a file of mode 0600 beside `path`; a missing folder is
    // made when its parent exists. Fails with a message that names the path.
    [[nodiscard]] static base::Result<std::unique_ptr<TokenFile>> prepare(std::string path);

    // Removes its file, unless a successor has put its own there meanwhile.
    ~TokenFile();
    TokenFile(const TokenFile&) = delete;
    TokenFile& operator=(const TokenFile&) = delete;

    // Puts the file in its place: readers see the old one or the whole new one.
    [[nodiscard]] base::Result<void> publish();
    [[nodiscard]] const std::string& token() const { return token_; }  // 64 hex digits

  private:
    TokenFile(std::string path, std::string temporary, std::string token);

    const std::string path_, temporary_, token_;
    bool published_ = false;
};

}  // namespace weir::admin
