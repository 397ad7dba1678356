#include "cli/cli.h"

#include <csignal>
#include <variant>

#include "cli/arguments.h"
#include "cli/check.h"
#include "cli/commands.h"
#include "cli/import.h"
#include "cli/serve.h"

namespace weir::cli {
namespace {

struct Runner {
    const AdminOptions& admin;
    const Output& output;
    const std::vector<std::string> command;  // with the program's own name

    int operator()(const ServeOptions& options) const { return serve(options, command); }
    int operator()(const CheckOptions& options) const {
        return check(options.config, options.connect);
    }
    int operator()(const ImportOptions& options) const { return import(options, output); }
    template <class Options>
    int operator()(const Options& options) const {
        const auto agent = AdminClient::open(admin);
        if (!agent) return output.fail(agent.error().message, usage_error);
        return perform(*agent, options, output);
    }
};

}  // namespace

int run(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // `weir status | head` ends with the write, not with a signal
    const Output output = process_output();
    const auto invocation = parse_arguments({argv + 1, argv + argc});
    if (!invocation) {
        const Usage& usage = invocation.error();
        (usage.exit_code == 0 ? output.out : output.err) << usage.text;
        return usage.exit_code;
    }
    const int exit_code =
        std::visit(Runner{invocation->admin, output, {argv, argv + argc}}, invocation->command);
    output.out.flush();
    return exit_code;
}

}  // namespace weir::cli
