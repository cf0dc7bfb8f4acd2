#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/cli/settings.h"
#include "common/wire/endpoint.h"
#include "common/wire/principal.h"

namespace sheaf::cli {

/// Whose keys may submit runs.
inline const std::vector<wire::KeyRole> kSubmitters = {wire::KeyRole::kClient, wire::KeyRole::kAdmin};

/// The endpoint that the setting `name` ("master", "listen") gives; empty when it is not given, or faulty: then the fault is
/// appended to `errors`. `insecure`: --insecure was given, so that TCP without keys is meant.
std::optional<wire::Endpoint> endpoint_setting(const GivenSettings& given, const std::string& name, bool insecure,
                                               std::vector<Error>& errors);

/// The setting that names a master, "join" or "master": of both that on the command line. nullptr when neither is given.
const Given* find_master(const GivenSettings& given);

/// The master that --join FILE (its endpoint, and keys) or --master ENDPOINT names; empty when neither does, or in a faulty
/// way: then the fault is appended to `errors`. Two that are equally strong are a fault. `roles`: of which a key must have one.
std::optional<wire::Endpoint> master_setting(const GivenSettings& given, bool insecure, const std::vector<wire::KeyRole>& roles,
                                             std::vector<Error>& errors);

/// As endpoint_setting(), and this user's own endpoint where none is given. Faulty: an empty one. Errors: kUsage, and as
/// wire::default_endpoint().
wire::Endpoint endpoint_or_default(const GivenSettings& given, const std::string& name, bool insecure,
                                   std::vector<Error>& errors);

}  // namespace sheaf::cli
