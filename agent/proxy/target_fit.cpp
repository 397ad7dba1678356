#include "proxy/target_fit.h"

namespace weir::proxy {
namespace {

constexpr std::string_view read_only_default = "default_transaction_read_only";

bool is_on(const ParameterSet& set, std::string_view name) {
    const std::string* const value = set.find(name);
    return value != nullptr && *value == "on";
}

}  // namespace

bool fits_target(settings::Target target, const ParameterSet& reported, const ParameterSet& applied,
                 const ParameterSet& base, bool write_refused) {
    using settings::Target;
    if (target != Target::read_write && target != Target::read_only) return true;
    const bool tells = reported.find("in_hot_standby") != nullptr;
    if (!tells) return target == Target::read_only || !write_refused;
    // A client's own choice says nothing of the server.
    const ParameterSet& own = applied.find(read_only_default) == nullptr ? reported : base;
    const bool read_only = is_on(reported, "in_hot_standby") || is_on(own, read_only_default);
    return read_only == (target == Target::read_only);
}

}  // namespace weir::proxy
