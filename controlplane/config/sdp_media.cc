#include "config/sdp_media.h"

#include <algorithm>

namespace fanlight::control {
namespace {

class Describer {
 public:
  Describer(const SessionDescription& session, const SdpMedia& media) : session_(session), media_(media) {}

  Result<MediaDescription, SdpFault> run() {
    if (media_.protocol != "RTP/AVP" && media_.protocol != "RTP/AVPF")
      complain(media_.line, media_.protocol + " is neither RTP/AVP nor RTP/AVPF");
    if (media_.port == 0) complain(media_.line, "port 0: the medium is not sent");
    if (!is_sdp_token(media_.kind)) complain(media_.line, "a kind of media that is no word");
    read_format();
    read_address();
    read_rtcp();
    read_source();
    for (const SdpAttribute& attribute : media_.attributes)
      if (attribute.name == "ssrc" && !found_.ssrc && !fault_) read_ssrc(attribute);
    if (fault_) return *std::move(fault_);
    return std::move(found_);
  }

 private:
  void complain(int line, std::string why) {
    if (!fault_) fault_ = SdpFault{line, std::move(why)};
  }

  void read_format() {
    const auto type = sdp_number(media_.formats.front(), 127);
    if (!type) return complain(media_.line, "a payload type that is not 0 to 127: " + media_.formats.front());
    if (const auto known = static_format(static_cast<std::uint8_t>(*type))) found_.format = *known;
    const SdpAttribute* map = find_for("rtpmap", *type);
    if (map != nullptr)
      read_map(*map);
    else if (!static_format(static_cast<std::uint8_t>(*type)))
      complain(media_.line, "payload type " + std::to_string(*type) + " needs an a=rtpmap: it means nothing by itself");
    found_.format.media = media_.kind;
    found_.format.payload_type = static_cast<std::uint8_t>(*type);
    if (const SdpAttribute* parameters = find_for("fmtp", *type)) {
      const std::size_t space = parameters->value.find(' ');
      if (space != std::string::npos) found_.format.fmtp = parameters->value.substr(space + 1);
    }
  }

  // a=NAME:TYPE …
  [[nodiscard]] const SdpAttribute* find_for(std::string_view name, std::uint32_t type) const {
    const auto found = std::ranges::find_if(media_.attributes, [&](const SdpAttribute& one) {
      const std::string_view value = one.value;
      return one.name == name && sdp_number(value.substr(0, value.find(' ')), 127) == type;
    });
    return found == media_.attributes.end() ? nullptr : &*found;
  }

  // "96 H264/90000", "97 L16/48000/2"
  void read_map(const SdpAttribute& map) {
    const std::vector<std::string_view> words = sdp_words(map.value);
    const std::string_view said = words.size() == 2 ? words[1] : std::string_view{};
    const std::size_t first = std::min(said.find('/'), said.size());
    const std::size_t second = std::min(said.find('/', first + 1), said.size());
    const auto rate = sdp_number(said.substr(std::min(first + 1, said.size()), second - std::min(first + 1, second)),
                                 static_cast<std::uint32_t>(kClockRates.most));
    if (!is_sdp_token(said.substr(0, first)) || !rate)
      return complain(map.line, "no a=rtpmap:TYPE ENCODING/CLOCK: " + map.value);
    if (*rate < kClockRates.least) return complain(map.line, "a clock of less than 1000 ticks a second");
    found_.format.encoding = said.substr(0, first);
    found_.format.clock_rate = *rate;
    found_.format.channels = 0;
    if (second == said.size()) return;
    const auto channels = sdp_number(said.substr(second + 1), static_cast<std::uint32_t>(kChannels.most));
    if (!channels || *channels == 0) return complain(map.line, "channels that are not 1 to 64: " + map.value);
    found_.format.channels = *channels;
  }

  void read_address() {
    if (!media_.address) return complain(media_.line, "no c= says where it comes");
    found_.address = {*media_.address, media_.port};
  }

  void read_rtcp() {
    if (media_.find("rtcp-mux") != nullptr) {
      found_.rtcp = RtcpWay::kSamePort;
      return;
    }
    const SdpAttribute* rtcp = media_.find("rtcp");
    if (rtcp == nullptr) return;
    const std::string_view value = rtcp->value;
    const auto port = sdp_number(value.substr(0, value.find(' ')), 65'535);
    if (!port) return complain(rtcp->line, "no port behind a=rtcp: " + rtcp->value);
    if (*port == media_.port)
      found_.rtcp = RtcpWay::kSamePort;
    else if (*port != media_.port + 1u)
      complain(rtcp->line, "RTCP on port " + std::to_string(*port) + "; it comes to RTP's port or the one behind it");
  }

  // " incl IN IP4 239.10.0.1 192.0.2.1": those of the medium, else those of the session.
  void read_source() {
    const SdpAttribute* filter = media_.find("source-filter");
    const auto of_all = std::ranges::find(session_.attributes, "source-filter", &SdpAttribute::name);
    if (filter == nullptr && of_all != session_.attributes.end()) filter = &*of_all;
    if (filter == nullptr) return;
    const std::vector<std::string_view> words = sdp_words(filter->value);
    if (words.size() < 5 || words[0] != "incl" || words[1] != "IN")
      return complain(filter->line, "no incl IN IP4 GROUP SOURCE: " + filter->value);
    if (words.size() > 5) return complain(filter->line, "several sources; a feed has one, or anybody's");
    found_.source = IpAddress::parse(words[4]);
    const bool is_one = found_.source && !found_.source->is_multicast() && !found_.source->is_unspecified();
    if (!is_one) return complain(filter->line, std::string{words[4]} + " is no sender's address");
    if (media_.address && media_.address->is_v4() != found_.source->is_v4())
      complain(filter->line, std::string{words[4]} + " is not of the family of " + media_.address->text());
  }

  void read_ssrc(const SdpAttribute& attribute) {
    const std::string_view value = attribute.value;
    found_.ssrc = sdp_number(value.substr(0, value.find(' ')), 0xFFFF'FFFF);
    if (!found_.ssrc) complain(attribute.line, "no SSRC behind a=ssrc: " + attribute.value);
  }

  const SessionDescription& session_;
  const SdpMedia& media_;
  MediaDescription found_;
  std::optional<SdpFault> fault_;
};

}  // namespace

Result<const SdpMedia*, SdpFault> choose_media(const SessionDescription& session, std::string_view wanted) {
  const std::vector<SdpMedia>& all = session.media;
  if (all.empty()) return SdpFault{1, "no m=, so it describes nothing"};
  if (const auto number = sdp_number(wanted, static_cast<std::uint32_t>(all.size())); number && *number > 0)
    return &all[*number - 1];
  const SdpMedia* found = nullptr;
  for (const SdpMedia& one : all) {
    if (!wanted.empty() && one.kind != wanted) continue;
    if (found != nullptr)
      return SdpFault{one.line, "another " + (wanted.empty() ? "m=" : "m=" + std::string{wanted}) +
                                    "; say which one is meant: media = \"audio\", or its number, media = \"2\""};
    found = &one;
  }
  if (found == nullptr) return SdpFault{all.front().line, "no m=" + std::string{wanted} + " in all of it"};
  return found;
}

Result<MediaDescription, SdpFault> describe_media(const SessionDescription& session, const SdpMedia& media) {
  return Describer(session, media).run();
}

}  // namespace fanlight::control
