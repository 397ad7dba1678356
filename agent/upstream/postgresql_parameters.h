// What a PostgreSQL connect tells libpq: one keyword and value for everything that the environment,
// a password file or a service file could otherwise decide. Pure but for
// isolate_from_environment().
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "settings/settings.h"
#include "upstream/address.h"
#include "upstream/dialer.h"

namespace weir::upstream {

using ConnectParameters = std::vector<std::pair<std::string, std::string>>;

// `endpoints` are resolved. All but the password, which goes straight from its secret to libpq.
[[nodiscard]] ConnectParameters connect_parameters(const DialRequest& request,
                                                   const std::vector<Endpoint>& endpoints,
                                                   settings::Target target,
                                                   const settings::UpstreamTls& tls);

// The start-up packet's `options`: every setting as one "-c name=value" argument, escaped as the
// server's pg_split_opts() takes it apart, so that no value can become a switch of its own.
[[nodiscard]] std::string startup_options(const DialRequest& request);

// Removes from the process's environment the variables that libpq reads at every connect and that
// no keyword overrides (PGSERVICE, PGTZ, PGDATESTYLE, PGGEQO) or that an empty value would let in
// (PGPASSWORD and the like). Once at start-up nothing is left to remove, so later calls write
// nothing. And keeps libpq from asking for a key's pass phrase on the terminal.
void isolate_from_environment();

}  // namespace weir::upstream
