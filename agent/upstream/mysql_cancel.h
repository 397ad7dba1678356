// KILL QUERY and KILL CONNECTION for one MySQL connection, each by a connection of its own with the
// same account, to the server that answered. Such a connection counts there as any other does:
// whoever asks for it holds a token of the upstream's budget meanwhile, until the server has ended
// it, which is when the call returns. Any thread, several at a time.
#pragma once

#include <cstdint>
#include <string>

#include "settings/settings.h"
#include "upstream/address.h"
#include "upstream/dialer.h"

namespace weir::upstream {

class MysqlCancel final : public CancelHandle {
  public:
    // The longest that one step of it waits: connecting, the answer, the server's end.
    static constexpr unsigned patience_seconds = 2;

    // `request`: its password is revealed already.
    MysqlCancel(Endpoint endpoint, settings::UpstreamTls tls, const DialRequest& request,
                std::uint32_t thread_id);

    bool cancel() override { return say("KILL QUERY "); }
    bool kill() override { return say("KILL CONNECTION "); }

  private:
    bool say(std::string_view verb) const;

    const Endpoint endpoint_;
    const settings::UpstreamTls tls_;
    DialRequest account_;
    const std::uint32_t thread_id_;
};

}  // namespace weir::upstream
