// The commands that talk to a running agent, one source file each. Each prints its answer, or one
// line of what went wrong, and gives the process's exit code: 0, or 1 when it failed.
#pragma once

#include "cli/admin_client.h"
#include "cli/options.h"
#include "cli/output.h"

namespace weir::cli {

int perform(const AdminClient& agent, const StatusOptions& options, const Output& output);
// Exit code 0 healthy, 1 warning, 2 error, which an agent that does not answer is, too.
int perform(const AdminClient& agent, const HealthOptions& options, const Output& output);
int perform(const AdminClient& agent, const TenantsOptions& options, const Output& output);
int perform(const AdminClient& agent, const LeaksOptions& options, const Output& output);
// Asks the agent only where nothing is said of processes and jobs.
int perform(const AdminClient& agent, const AdviseOptions& options, const Output& output);
// Exit code 1 also when a transaction failed.
int perform(const AdminClient& agent, const TestOptions& options, const Output& output);
int perform(const AdminClient& agent, const PoolActionOptions& options, const Output& output);
int perform(const AdminClient& agent, const KillOptions& options, const Output& output);
int perform(const AdminClient& agent, const DrainOptions& options, const Output& output);
int perform(const AdminClient& agent, const RestartOptions& options, const Output& output);
int perform(const AdminClient& agent, const ReloadOptions& options, const Output& output);

}  // namespace weir::cli
