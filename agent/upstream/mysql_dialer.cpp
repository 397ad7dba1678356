#include "upstream/dial_thread.h"
#include "upstream/dialer.h"
#include "upstream/mysql_attempt.h"

namespace weir::upstream {

std::unique_ptr<Dialer> make_mysql_dialer(const settings::Upstream& upstream) {
    constexpr std::string_view default_port = "3306";
    return std::make_unique<DialThread<MysqlAttempt>>(upstream, default_port);
}

}  // namespace weir::upstream
