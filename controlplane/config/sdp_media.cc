#include "config/sdp_media.h"

#include <algorithm>

#include "config/format_parameters.h"
#include "config/letters.h"
#include "config/numbers.h"
#include "config/sdp_group.h"
#include "config/srtp_key.h"

namespace fanlight::control {
namespace {

// a=rtpmap:97 rtx/90000, in whatever letters: RFC 4588 §8.6, RFC 4855 §3
bool is_rtx(const SdpAttribute& map) {
  const std::vector<std::string_view> words = sdp_words(map.value);
  return words.size() == 2 && begins_with(words[1], "rtx/");
}

// Whose packets a=fmtp:97 apt=96;rtx-time=3000 sends again.
std::optional<std::uint32_t> associated_type(const SdpAttribute& parameters) {
  constexpr std::string_view kKey = "apt=";
  const std::string_view value = parameters.value;
  std::string_view rest = value.substr(std::min(value.find(' '), value.size()));
  while (!rest.empty()) {
    std::string_view one = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    if (begins_with(one, kKey)) return whole_number(one.substr(kKey.size()), 127);
  }
  return std::nullopt;
}

class Describer {
 public:
  Describer(const SessionDescription& session, const SdpMedia& media) : session_(session), media_(media) {}

  Result<MediaDescription, SdpFault> run() {
    found_.is_secure = media_.protocol == "RTP/SAVP" || media_.protocol == "RTP/SAVPF";
    if (!found_.is_secure && media_.protocol != "RTP/AVP" && media_.protocol != "RTP/AVPF")
      complain(media_.line, media_.protocol + " is none of RTP/AVP, RTP/AVPF, RTP/SAVP, RTP/SAVPF");
    if (media_.port == 0) complain(media_.line, "port 0: the medium is not sent");
    if (!is_sdp_token(media_.kind)) complain(media_.line, "a kind of media that is no word");
    read_format();
    read_address();
    judge_direction();
    read_rtcp();
    read_source();
    read_keys();
    for (const SdpAttribute& attribute : media_.attributes) {
      if (attribute.name == "ssrc" && !found_.ssrc && !fault_) read_ssrc(attribute);
      if (attribute.name == "ssrc-group" && !fault_) read_ssrc_group(attribute);
    }
    read_feedback();
    if (fault_) return *std::move(fault_);
    return std::move(found_);
  }

 private:
  void complain(int line, std::string why) {
    if (!fault_) fault_ = SdpFault{line, std::move(why)};
  }

  void read_format() {
    const auto type = whole_number(media_.formats.front(), 127);
    if (!type) return complain(media_.line, "a payload type that is not 0 to 127: " + media_.formats.front());
    judge_maps();
    if (const auto known = static_format(static_cast<std::uint8_t>(*type))) found_.format = *known;
    const SdpAttribute* map = find_for("rtpmap", *type);
    if (map != nullptr)
      read_map(*map);
    else if (!static_format(static_cast<std::uint8_t>(*type)))
      complain(media_.line, "payload type " + std::to_string(*type) + " needs an a=rtpmap: it means nothing by itself");
    constexpr std::string_view kAac = "mpeg4-generic";
    if (found_.format.encoding.size() == kAac.size() && begins_with(found_.format.encoding, kAac)) read_aac(*type);
    found_.format.media = media_.kind;
    judge_type(static_cast<std::uint8_t>(*type));
    if (const SdpAttribute* parameters = find_for("fmtp", *type)) {
      const std::size_t space = parameters->value.find(' ');
      if (space != std::string::npos) found_.format.fmtp = parameters->value.substr(space + 1);
    }
  }

  // One without a type would be found for none, and of two for one type either may be meant.
  void judge_maps() {
    for (const SdpAttribute& one : media_.attributes) {
      if (one.name != "rtpmap" && one.name != "fmtp") continue;
      const std::string_view value = one.value;
      const auto type = whole_number(value.substr(0, value.find(' ')), 127);
      if (!type && one.name == "rtpmap") complain(one.line, "no a=rtpmap:TYPE ENCODING/CLOCK: " + one.value);
      if (type && find_for(one.name, *type)->value != one.value)
        complain(one.line,
                 "another a=" + one.name + " for payload type " + std::to_string(*type) + ", which says otherwise");
    }
  }

  // Without its parameters nobody can take it apart. RFC 3640 §4.1
  void read_aac(std::uint32_t type) {
    const SdpAttribute* parameters = find_for("fmtp", type);
    const std::string_view said = parameters != nullptr ? parameters->value : std::string_view{};
    if (!says_mode(said.substr(std::min(said.find(' '), said.size()))))
      complain(parameters != nullptr ? parameters->line : media_.line,
               "mpeg4-generic without a=fmtp:" + std::to_string(type) + " … mode=…, which says how to take it apart");
  }

  // a=NAME:TYPE …
  [[nodiscard]] const SdpAttribute* find_for(std::string_view name, std::uint32_t type) const {
    const auto found = std::ranges::find_if(media_.attributes, [&](const SdpAttribute& one) {
      const std::string_view value = one.value;
      return one.name == name && whole_number(value.substr(0, value.find(' ')), 127) == type;
    });
    return found == media_.attributes.end() ? nullptr : &*found;
  }

  // "96 H264/90000", "97 L16/48000/2"
  void read_map(const SdpAttribute& map) {
    const std::vector<std::string_view> words = sdp_words(map.value);
    const std::string_view said = words.size() == 2 ? words[1] : std::string_view{};
    const std::size_t first = std::min(said.find('/'), said.size());
    const std::size_t second = std::min(said.find('/', first + 1), said.size());
    const auto rate = whole_number(said.substr(std::min(first + 1, said.size()), second - std::min(first + 1, second)),
                                   static_cast<std::uint32_t>(kClockRates.most));
    if (!is_sdp_token(said.substr(0, first)) || !rate)
      return complain(map.line, "no a=rtpmap:TYPE ENCODING/CLOCK: " + map.value);
    if (*rate < kClockRates.least) return complain(map.line, "a clock of less than 1000 ticks a second");
    found_.format.encoding = said.substr(0, first);
    found_.format.clock_rate = *rate;
    found_.format.channels = 0;
    if (second != said.size()) {
      const auto channels = whole_number(said.substr(second + 1), static_cast<std::uint32_t>(kChannels.most));
      if (!channels || *channels == 0) return complain(map.line, "channels that are not 1 to 64: " + map.value);
      found_.format.channels = *channels;
    }
    if (auto fault = rate_fault_of(found_.format)) complain(map.line, *std::move(fault));
  }

  // What the type means to every receiver, whatever its map says.
  void judge_type(std::uint8_t type) {
    found_.format.payload_type = type;
    const SdpAttribute* map = find_for("rtpmap", type);
    if (const auto fixed = fixed_otherwise(found_.format); fixed && map != nullptr)
      complain(map->line, found_.format.text() + " as payload type " + std::to_string(type) + ", which means " +
                              fixed->text() + " (RFC 3551 §6)");
  }

  void read_address() {
    if (!media_.address) return complain(media_.line, "no c= says where it comes");
    found_.address = {*media_.address, media_.port};
  }

  // The medium's own word, else the session's. RFC 8866 §6.7
  void judge_direction() {
    for (const auto* attributes : {&media_.attributes, &session_.attributes})
      for (const SdpAttribute& one : *attributes) {
        if (one.name == "inactive") return complain(one.line, "a=inactive: nothing is sent");
        if (one.name == "sendrecv" || one.name == "sendonly" || one.name == "recvonly") return;
      }
  }

  void read_rtcp() {
    if (media_.find("rtcp-mux") != nullptr) {
      found_.rtcp = RtcpWay::kSamePort;
      return;
    }
    const SdpAttribute* rtcp = media_.find("rtcp");
    if (rtcp == nullptr) return;
    const std::string_view value = rtcp->value;
    const auto port = whole_number(value.substr(0, value.find(' ')), 65'535);
    if (!port) return complain(rtcp->line, "no port behind a=rtcp: " + rtcp->value);
    if (const std::vector<std::string_view> words = sdp_words(value); words.size() > 1) {
      const auto address = words.size() == 4 ? IpAddress::parse(words[3]) : std::nullopt;
      if (!address) return complain(rtcp->line, "no a=rtcp:PORT IN IP4 ADDRESS: " + rtcp->value);
      if (address != media_.address)
        return complain(rtcp->line,
                        "RTCP at " + address->text() + "; it comes to RTP's address, " + found_.address.ip.text());
    }
    if (*port == media_.port)
      found_.rtcp = RtcpWay::kSamePort;
    else if (*port != media_.port + 1u)
      complain(rtcp->line, "RTCP on port " + std::to_string(*port) + "; it comes to RTP's port or the one behind it");
  }

  // " incl IN IP4 239.10.0.1 192.0.2.1": those of the medium, else those of the session.
  void read_source() {
    for (const auto* attributes : {&media_.attributes, &session_.attributes})
      for (const SdpAttribute& one : *attributes)
        if (one.name == "source-filter" && !found_.source && !fault_) read_filter(one);
  }

  void read_filter(const SdpAttribute& filter) {
    const std::vector<std::string_view> words = sdp_words(filter.value);
    if (words.size() < 5 || words[0] != "incl" || words[1] != "IN")
      return complain(filter.line, "no incl IN IP4 GROUP SOURCE:" +
                                       (filter.value.starts_with(' ') ? "" : std::string{" "}) + filter.value);
    const std::optional<IpAddress> to = IpAddress::parse(words[3]);
    if (words[3] != "*" && !to) return complain(filter.line, std::string{words[3]} + " is no address; * is any");
    if (to && media_.address && *to != *media_.address) return;  // Of another one's.
    if (words.size() > 5) return complain(filter.line, "several sources; a feed has one, or anybody's");
    found_.source = IpAddress::parse(words[4]);
    const bool is_one = found_.source && !found_.source->is_multicast() && !found_.source->is_unspecified() &&
                        !found_.source->is_reserved();
    if (!is_one) return complain(filter.line, std::string{words[4]} + " is no sender's address");
    if (media_.address && media_.address->is_v4() != found_.source->is_v4())
      complain(filter.line, std::string{words[4]} + " is not of the family of " + media_.address->text());
  }

  // Nobody answers, so there is one key, and it is the sender's: RFC 4568 §5.2. No sentence shows it. ffmpeg has it
  // under RTP/AVP as well.
  void read_keys() {
    for (const SdpAttribute& attribute : session_.attributes)
      if (attribute.name == "crypto")
        return complain(attribute.line, "a=crypto in front of all m=; it belongs behind one");
    for (const SdpAttribute& attribute : media_.attributes) {
      if (attribute.name != "crypto") continue;
      if (found_.srtp)
        return complain(attribute.line, "another a=crypto; there is nobody to choose with: leave the one that is used");
      read_key(attribute);
    }
  }

  // "1 AES_CM_128_HMAC_SHA1_80 inline:…"
  void read_key(const SdpAttribute& attribute) {
    constexpr std::uint32_t kTagMost = 999'999'999;
    const std::string_view value = attribute.value;
    const std::size_t tag_end = std::min(value.find(' '), value.size());
    if (!whole_number(value.substr(0, tag_end), kTagMost))
      return complain(attribute.line, "no number behind a=crypto: (a=crypto:1 SUITE inline:…)");
    auto master = parse_srtp_key(value.substr(tag_end));
    if (!master) return complain(attribute.line, "a=crypto with " + master.error().text());
    found_.srtp = *std::move(master);
    found_.is_secure = true;
  }

  void read_ssrc(const SdpAttribute& attribute) {
    const std::string_view value = attribute.value;
    found_.ssrc = whole_number(value.substr(0, value.find(' ')), 0xFFFF'FFFF);
    if (!found_.ssrc) complain(attribute.line, "no SSRC behind a=ssrc: " + attribute.value);
  }

  // " FID 1234 5678": what is sent again has the second one.
  void read_ssrc_group(const SdpAttribute& attribute) {
    const std::vector<std::string_view> words = sdp_words(attribute.value);
    if (!words.empty() && words[0] == "DUP")
      return complain(attribute.line,
                      "two SSRCs for the same packets (a=ssrc-group:DUP); a feed's legs have one, and an address each "
                      "(a=group:DUP)");
    if (words.size() != 3 || words[0] != "FID") return;
    const auto of_media = whole_number(words[1], 0xFFFF'FFFF);
    const auto of_rtx = whole_number(words[2], 0xFFFF'FFFF);
    if (!of_media || !of_rtx) return complain(attribute.line, "no SSRCs behind a=ssrc-group:" + attribute.value);
    found_.ssrc = of_media;
    found_.rtx_ssrc = of_rtx;
  }

  // a=rtcp-fb is AVPF's alone (RFC 4585 §4.2). Kinds of "nack" with a word behind them ask for pictures.
  void read_feedback() {
    const std::string type = std::to_string(found_.format.payload_type);
    found_.nack =
        media_.protocol.ends_with("AVPF") && std::ranges::any_of(media_.attributes, [&](const SdpAttribute& one) {
          const std::vector<std::string_view> words = sdp_words(one.value);
          return one.name == "rtcp-fb" && words.size() == 2 && (words[0] == type || words[0] == "*") &&
                 words[1] == "nack";
        });
    for (const std::string& format : media_.formats)
      if (const auto number = whole_number(format, 127); number && !fault_) read_rtx(*number);
    if (found_.rtx_payload_type) return;
    found_.rtx_ssrc.reset();
  }

  void read_rtx(std::uint32_t type) {
    const SdpAttribute* map = find_for("rtpmap", type);
    if (map == nullptr || !is_rtx(*map)) return;
    const SdpAttribute* parameters = find_for("fmtp", type);
    const auto of = parameters != nullptr ? associated_type(*parameters) : std::nullopt;
    if (!of)
      return complain(map->line,
                      "rtx without a=fmtp:" + std::to_string(type) + " apt=TYPE, the one that it sends again");
    if (*of != found_.format.payload_type || found_.rtx_payload_type || !found_.nack) return;
    found_.rtx_payload_type = static_cast<std::uint8_t>(type);
  }

  const SessionDescription& session_;
  const SdpMedia& media_;
  MediaDescription found_;
  std::optional<SdpFault> fault_;
};

// `one`, if it is that and not `other`. A kind tells nothing where both are of it.
std::string ways_to_say(const SessionDescription& session, const SdpMedia& other, const SdpMedia& one) {
  const std::string number = "media = \"" + std::to_string(&one - session.media.data() + 1) + "\"";
  if (one.kind == other.kind) return " by its number: " + number;
  return ": media = \"" + one.kind + "\", or its number, " + number;
}

}  // namespace

Result<const SdpMedia*, SdpFault> choose_media(const SessionDescription& session, std::string_view wanted) {
  const std::vector<SdpMedia>& all = session.media;
  if (all.empty()) return SdpFault{1, "no m=, so it describes nothing"};
  if (const auto number = whole_number(wanted, static_cast<std::uint32_t>(all.size())); number && *number > 0)
    return &all[*number - 1];
  const SdpMedia* found = nullptr;
  for (const SdpMedia& one : all) {
    if (!wanted.empty() && one.kind != wanted) continue;
    const auto legs = found != nullptr ? find_group(session, "DUP", *found) : Result<SdpGroup, SdpFault>(SdpGroup{});
    if (!legs) return legs.error();
    if (std::ranges::find(legs->media, &one) != legs->media.end()) continue;
    if (found != nullptr)
      return SdpFault{one.line, "another " + (wanted.empty() ? "m=" : "m=" + std::string{wanted}) +
                                    "; say which one is meant" + ways_to_say(session, *found, one)};
    found = &one;
  }
  if (found == nullptr) return SdpFault{all.front().line, "no m=" + std::string{wanted} + " in all of it"};
  return found;
}

Result<MediaDescription, SdpFault> describe_media(const SessionDescription& session, const SdpMedia& media) {
  return Describer(session, media).run();
}

Result<std::optional<MediaDescription>, SdpFault> describe_second(const SessionDescription& session,
                                                                  const SdpMedia& media,
                                                                  const MediaDescription& first) {
  const auto legs = find_group(session, "DUP", media);
  if (!legs) return legs.error();
  if (legs->media.empty()) return std::optional<MediaDescription>{};
  if (legs->media.size() != 2)
    return SdpFault{legs->line, std::to_string(legs->media.size()) + " ways (a=group:DUP); a feed has two legs"};
  const SdpMedia& other = *legs->media[legs->media[0] == &media ? 1 : 0];
  const auto second = describe_media(session, other);
  if (!second) return second.error();
  const auto fault = [&](const std::string& why) { return SdpFault{other.line, "the second leg " + why}; };
  if (second->address == first.address)
    return fault("comes to " + first.address.text() + " as well; legs are told apart by where they come");
  if (second->format.payload_type != first.format.payload_type || second->format.text() != first.format.text())
    return fault("has payload type " + std::to_string(second->format.payload_type) + ", " + second->format.text() +
                 ", and the first " + std::to_string(first.format.payload_type) + ", " + first.format.text() +
                 "; both carry the same packets");
  if (first.ssrc && second->ssrc && first.ssrc != second->ssrc)
    return fault("has SSRC " + std::to_string(*second->ssrc) + " and the first " + std::to_string(*first.ssrc) +
                 "; both carry the same packets");
  return std::optional(*second);
}

std::optional<SdpFault> judge_retransmission(const SessionDescription& session, const SdpMedia& media) {
  const auto group = find_group(session, "FID", media);
  if (!group) return group.error();
  for (const SdpMedia* other : group->media)
    for (const SdpAttribute& one : other->attributes)
      if (other != &media && one.name == "rtpmap" && is_rtx(one))
        return SdpFault{one.line,
                        "retransmissions on a port of their own (a=group:FID); a feed hears them on RTP's. nack = "
                        "false takes the stream without them"};
  return std::nullopt;
}

}  // namespace fanlight::control
