#include "common/net/curve.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <zmq.hpp>

#include "common/base/check.h"

namespace sheaf::net {

namespace {

constexpr std::size_t kKeyCharacters = 40;
constexpr std::size_t kKeyBytes = 32;
using KeyText = std::array<char, kKeyCharacters + 1>;

/// Public and secret, of client and server: zmq_curve(7), "Test key values".
constexpr std::string_view kPublished[] = {
    "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
    "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
    "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
    "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
};

}  // namespace

KeyPair make_key_pair() {
  KeyText public_key{};
  KeyText secret_key{};
  SHEAF_CHECK(::zmq_curve_keypair(public_key.data(), secret_key.data()) == 0);  // Fails only in a libzmq without CURVE.
  return {public_key.data(), secret_key.data()};
}

Status check_key(const std::string& key) {
  std::array<std::uint8_t, kKeyBytes> bytes{};
  if (key.size() != kKeyCharacters || key.find('\0') != std::string::npos ||
      ::zmq_z85_decode(bytes.data(), key.c_str()) == nullptr) {
    return fail(ErrorCode::kUsage, "is no key: 40 characters of Z85", {}, "make one with `sheaf keygen`");
  }
  if (std::find(std::begin(kPublished), std::end(kPublished), key) != std::end(kPublished)) {
    return fail(ErrorCode::kUsage, "is a key from ZeroMQ's manual, which everybody has", {}, "make one with `sheaf keygen`");
  }
  return {};
}

std::string public_key_of(const std::string& secret_key) {
  KeyText public_key{};
  SHEAF_CHECK(::zmq_curve_public(public_key.data(), secret_key.c_str()) == 0);
  return public_key.data();
}

}  // namespace sheaf::net
