#include "fanlight_load/hls_settings.h"

#include "fanlight_load/hls_attributes.h"

namespace fanlight::load {
namespace {

constexpr std::uint64_t kHttpPort = 80;
constexpr std::uint64_t kPortMax = 65'535;

Error refusal(std::string_view url) {
  return {ErrorCode::kInvalid,
          "URL wants http://ADDRESS:PORT/PATH.m3u8, such as "
          "http://127.0.0.1:8080/live/live/main/index.m3u8, not " +
              std::string(url)};
}

}  // namespace

Result<Done> read_hls_url(std::string_view url, HlsSettings& settings) {
  if (url.starts_with("https://"))
    return Error{ErrorCode::kInvalid, "https is not spoken here: give the packager's `listen` address, with http://"};
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return refusal(url);
  const std::string_view rest = url.substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return refusal(url);
  settings.authority = rest.substr(0, slash);
  settings.path = rest.substr(slash);
  if (settings.path.find_first_of(" \r\n") != std::string::npos) return refusal(url);
  std::string_view host = settings.authority;
  std::string_view port;
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto ip = IpAddress::parse(host == "localhost" ? "127.0.0.1" : host);
  const auto number = port.empty() ? kHttpPort : hls_integer(port).value_or(0);
  if (!ip || number == 0 || number > kPortMax) return refusal(url);
  settings.server = {*ip, static_cast<std::uint16_t>(number)};
  return Done{};
}

Endpoint hls_source(const HlsSettings& settings, std::size_t n) {
  const IpAddress& server = settings.server.ip;
  if (!server.is_v4()) return {};
  if (server.bytes[12] != 127) return {IpAddress::v4(0, 0, 0, 0), 0};
  const auto byte = [](std::size_t value) { return static_cast<std::uint8_t>(value); };
  return {IpAddress::v4(127, byte(1 + n / 62'500), byte(n / 250 % 250), byte(1 + n % 250)), 0};
}

}  // namespace fanlight::load
