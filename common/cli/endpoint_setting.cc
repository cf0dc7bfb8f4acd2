#include "common/cli/endpoint_setting.h"

namespace sheaf::cli {

std::optional<wire::Endpoint> endpoint_setting(const GivenSettings& given, const std::string& name, bool insecure,
                                               std::vector<Error>& errors) {
  const Given* setting = given.find(name);
  if (setting == nullptr) return std::nullopt;
  const std::string& text = setting->values.front();
  const auto refuse = [&](const Error& error, const std::string& separator) {
    errors.push_back(Error{error.code, "\"" + text + "\"" + separator + error.what, setting->where, error.advice});
    return std::nullopt;
  };
  auto endpoint = wire::parse_endpoint(text);
  if (!endpoint) return refuse(endpoint.error(), " ");
  if (Status allowed = wire::check_protection(*endpoint, insecure); !allowed) return refuse(allowed.error(), ": ");
  return std::move(*endpoint);
}

wire::Endpoint endpoint_or_default(const GivenSettings& given, const std::string& name, bool insecure,
                                   std::vector<Error>& errors) {
  if (given.is_set(name)) return endpoint_setting(given, name, insecure, errors).value_or(wire::Endpoint());
  auto endpoint = wire::default_endpoint();
  if (endpoint) return std::move(*endpoint);
  errors.push_back(endpoint.error());
  return {};
}

}  // namespace sheaf::cli
