#include "upstream/dialer.h"

namespace weir::upstream {

std::unique_ptr<Dialer> make_dialer(const settings::Upstream& upstream) {
    switch (upstream.engine) {
        case settings::Engine::postgresql:
            return make_postgresql_dialer(upstream);
        case settings::Engine::mysql:
            return make_mysql_dialer(upstream);
        case settings::Engine::redis:
            return make_redis_dialer(upstream);
    }
    return nullptr;
}

}  // namespace weir::upstream
