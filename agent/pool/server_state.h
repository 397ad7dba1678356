// The states of a server connection and which may follow which; Pool::enter() is the one function
// that changes a state, and it asserts this table.
//
//   connecting → idle, used (straight to a waiter), closing
//   idle       → checking, used, closing
//   checking   → idle, used, closing
//   used       → idle, used (hand-off), pinned, resetting, cancelling, closing
//   pinned     → used (unpinned), resetting, cancelling, closing
//   resetting  → idle, used (to the next waiter), cancelling, closing
//   cancelling → idle, used (to the next waiter), resetting, closing
//   closing    → (gone)
#pragma once

#include "telemetry/vocabulary.h"

namespace weir::pool {

using telemetry::AcquireOutcome;
using telemetry::BreakerState;
using telemetry::CreateFailure;
using telemetry::LeakAction;
using telemetry::PinReason;
using telemetry::ReapReason;
using telemetry::RejectReason;
using telemetry::ReleaseResult;
using telemetry::ServedSource;
using telemetry::ServerState;
using telemetry::WaitCause;

[[nodiscard]] bool may_follow(ServerState from, ServerState to);

}  // namespace weir::pool
