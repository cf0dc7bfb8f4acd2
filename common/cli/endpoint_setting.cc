#include "common/cli/endpoint_setting.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/net/key_file.h"

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

const Given* find_master(const GivenSettings& given) {
  const Given* join = given.find("join");
  const Given* master = given.find("master");
  return join == nullptr || (master != nullptr && master->on_command_line) ? master : join;
}

std::optional<wire::Endpoint> master_setting(const GivenSettings& given, bool insecure, const std::vector<wire::KeyRole>& roles,
                                             std::vector<Error>& errors) {
  const Given* join = given.find("join");
  const Given* master = given.find("master");
  if (join != nullptr && master != nullptr && join->on_command_line == master->on_command_line) {
    errors.push_back(Error{ErrorCode::kUsage, "names a master, and so does " + master->where, join->where, "give one of them"});
    return std::nullopt;
  }
  if (join == nullptr || find_master(given) == master) return endpoint_setting(given, "master", insecure, errors);
  auto file = net::read_key_file(join->values.front());
  if (!file) {
    errors.push_back(file.error());
    return std::nullopt;
  }
  const auto role = net::key_role(file->role);
  if (!role || std::find(roles.begin(), roles.end(), *role) == roles.end()) {
    std::vector<std::string> names;
    for (const wire::KeyRole fit : roles) names.emplace_back(net::key_role_name(fit));
    errors.push_back(Error{ErrorCode::kUsage, "its key is for the role \"" + file->role + "\", and does not serve here",
                           join->values.front(), "name the file of a key for: " + sheaf::join(names, " or ")});
    return std::nullopt;
  }
  return net::endpoint_of(*file).value();
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
