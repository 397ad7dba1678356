// What logic tells telemetry: past-tense verbs, one probe a subject. A probe is a block of
// single-writer cells; its writer is the loop that owns the subject, readers are scrapes on any
// thread. No allocation, no lock, no clock: time is a parameter.
//
// PoolProbe: one for each (template, loop). TenantProbe: one a tenant's pool, at most 256 bytes.
// SessionProbe: one for each (listener, loop). LoopProbe: one a loop. UpstreamProbe: one an
// upstream, written under the budget's mutex only.
#pragma once

#include "telemetry/loop_probe.h"
#include "telemetry/pool_probe.h"
#include "telemetry/session_probe.h"
#include "telemetry/tenant_probe.h"
#include "telemetry/upstream_probe.h"
