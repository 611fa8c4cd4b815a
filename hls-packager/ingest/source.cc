#include "ingest/source.h"

#include <optional>

namespace fanlight::packager {
namespace {

Result<Source, std::string> parse_udp(std::string_view address, bool has_rtp) {
  if (address.find('?') != std::string_view::npos) return std::string{"udp:// and rtp:// take no options"};
  if (address.ends_with('/')) address.remove_suffix(1);
  const std::optional<Endpoint> at = Endpoint::parse(address);
  if (!at || at->port == 0)
    return std::string{"no address and port, like 127.0.0.1:5004, [::1]:5004 or 239.1.2.3:5004"};
  if (at->ip.is_reserved()) return std::string{"an address that is no host's"};
  return Source{UdpSource{*at, has_rtp}};
}

}  // namespace

Result<Source, std::string> parse_source(std::string_view text) {
  constexpr std::string_view kUdp = "udp://";
  constexpr std::string_view kRtp = "rtp://";
  if (text.starts_with(kUdp)) return parse_udp(text.substr(kUdp.size()), false);
  if (text.starts_with(kRtp)) return parse_udp(text.substr(kRtp.size()), true);
  if (!text.starts_with("srt://"))
    return std::string{"no srt://HOST:PORT?streamid=NAME, udp://ADDRESS:PORT or rtp://ADDRESS:PORT"};
  Result<SrtUrl, std::string> url = control::parse_srt_url(text);
  if (!url) return url.error();
  return Source{*std::move(url)};
}

std::string public_text(const Source& source) {
  if (const auto* call = std::get_if<SrtUrl>(&source)) return control::public_text(*call);
  const auto& udp = std::get<UdpSource>(source);
  return (udp.has_rtp ? "rtp://" : "udp://") + udp.at.text();
}

}  // namespace fanlight::packager
