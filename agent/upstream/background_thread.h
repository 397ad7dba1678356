// What every thread of this room does first, under the name that the room calls it by.
#pragma once

#include "base/background_thread.h"

namespace weir::upstream {

using base::enter_background_thread;

}  // namespace weir::upstream
