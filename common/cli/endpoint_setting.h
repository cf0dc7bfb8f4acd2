#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/cli/settings.h"
#include "common/wire/endpoint.h"

namespace sheaf::cli {

/// The endpoint that the setting `name` ("master", "listen") gives; empty when it is not given, or faulty: then the fault is
/// appended to `errors`. `insecure`: --insecure was given, so that TCP without keys is meant.
std::optional<wire::Endpoint> endpoint_setting(const GivenSettings& given, const std::string& name, bool insecure,
                                               std::vector<Error>& errors);

/// As endpoint_setting(), and this user's own endpoint where none is given. Faulty: an empty one. Errors: kUsage, and as
/// wire::default_endpoint().
wire::Endpoint endpoint_or_default(const GivenSettings& given, const std::string& name, bool insecure,
                                   std::vector<Error>& errors);

}  // namespace sheaf::cli
