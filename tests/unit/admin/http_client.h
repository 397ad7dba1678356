// A raw HTTP/1.1 client for tests of the admin server: sends exactly the bytes it is given, so that
// what no library would send can be sent. Reads fail after ten seconds instead of hanging a test.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace weir::admin {

struct Answer {
    int status = 0;  // 0: the server closed without an answer
    std::string head;
    std::string body;
    [[nodiscard]] std::string header(std::string_view name) const;  // empty when missing
};

class HttpClient {
  public:
    explicit HttpClient(std::uint16_t port);

    void send(std::string_view bytes);
    // The next answer on this connection; `head`: it was asked for with HEAD and has no body.
    [[nodiscard]] Answer receive(bool head = false);
    [[nodiscard]] bool closed_by_server();  // waits for the end of the stream

  private:
    bool fill();

    base::Fd socket_;
    std::string unread_;
};

// One request on a connection of its own. `headers`: whole lines, each with its line end.
[[nodiscard]] Answer ask(std::uint16_t port, std::string_view method, std::string_view path,
                         std::string_view headers = "", std::string_view body = "");

}  // namespace weir::admin
