// Under which names the admin server may be addressed. A page whose DNS name was re-bound to this
// machine sends its own name as Host, and a page of another site sends its Origin: both are
// refused. Addresses can't be re-bound, so a server on every interface accepts any address. PURE.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::admin {

class Hosts {
  public:
    // `listen_host`: the host part of admin.listen, without brackets; "", "*", "0.0.0.0" and "::"
    // mean every interface. `names`: the agent's name and the machine's; empty ones are ignored.
    Hosts(std::string_view listen_host, const std::vector<std::string>& names);

    // `host`: the Host header, with or without a port. The port is not compared: a tunnel or a
    // published port changes it.
    [[nodiscard]] bool allow(std::string_view host) const;

  private:
    std::vector<std::string> names_;
    bool any_address_ = false;
};

// Whether a page of `origin` was loaded from the very authority that `host` names.
[[nodiscard]] bool same_origin(std::string_view origin, std::string_view host);

struct HostPort {
    std::string host;  // without brackets
    std::string port;  // empty when there is none
};
// "127.0.0.1:9630", "[::1]:9630", "localhost", ":9630"; nothing else is looked at.
[[nodiscard]] HostPort split_host_port(std::string_view text);

}  // namespace weir::admin
