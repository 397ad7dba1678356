#include "base/background_thread.h"

#include <pthread.h>
#include <sys/resource.h>

#include <csignal>

namespace weir::base {

void enter_background_thread(const char* name) {
    pthread_setname_np(pthread_self(), name);
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    // On Linux this means the calling thread only. A refusal costs nothing but the preference.
    constexpr int niceness = 5;
    static_cast<void>(setpriority(PRIO_PROCESS, 0, niceness));
}

}  // namespace weir::base
