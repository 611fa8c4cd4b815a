#include "config/sdp.h"

#include <algorithm>

#include "config/letters.h"
#include "config/numbers.h"

namespace fanlight::control {
namespace {

// In the order in which they stand. §9
constexpr std::string_view kSessionTypes = "vosiuepcbtrzka";
constexpr std::string_view kMediaTypes = "micbka";
constexpr std::string_view kNeeded = "ost";
constexpr std::string_view kOnce = "osiuck";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // Editors put it there.
constexpr std::size_t kMediaMax = 32;

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 60;
  return "\"" + std::string{text.substr(0, kMost)} + (text.size() > kMost ? "…\"" : "\"");
}

class Parser {
 public:
  Result<SessionDescription, SdpFault> run(std::string_view text) {
    if (text.size() > kSdpBytesMax) return SdpFault{1, "more than 64 KiB"};
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    while (!text.empty() && !fault_) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      ++line_;
      if (line.empty() && text.find_first_not_of("\r\n") == std::string_view::npos) break;
      read(line);
    }
    if (line_ == 0) complain("nothing: the file is empty");
    if (fault_) return *std::move(fault_);
    for (SdpMedia& media : session_.media)
      if (!media.address) media.address = address_;
    return std::move(session_);
  }

 private:
  void complain(std::string why) {
    if (!fault_) fault_ = SdpFault{std::max(line_, 1), std::move(why)};
  }

  void read(std::string_view line) {
    const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7F'; };
    if (std::ranges::any_of(line, is_control)) return complain("a control character");
    // A line that is none of ours may be one with a key that somebody broke in two, so it is not shown.
    if (line.size() < 2 || line[1] != '=') return complain("no TYPE=VALUE");
    const char type = line[0];
    const std::string_view value = line.substr(2);
    if (line_ == 1 && line != "v=0")
      return complain("not v=0, with which a description begins: " + shown(line.substr(0, 2)) + " …");
    if (line_ > 1 && type == 'v') return complain("v= again");
    const std::string_view types = session_.media.empty() ? kSessionTypes : kMediaTypes;
    if (type != 'm' && types.find(type) == std::string_view::npos)
      return complain("a kind of line that has no place here: " + shown(line.substr(0, 2)) + " …");
    judge_place(type, types);
    if (fault_) return;
    if (type == 's') session_.name = value;
    if (type == 'c') read_connection(value);
    if (type == 'm') read_media(value);
    if (type == 'a') read_attribute(value);
  }

  // The order is fixed, and three lines are always there. §5
  void judge_place(char type, std::string_view types) {
    if (session_.media.empty()) judge_needed(type);
    if (type != 'm') {
      if (seen_.find(type) != std::string::npos && kOnce.find(type) != std::string_view::npos)
        return complain(std::string{type} + "= again");
      // t=, r= and z= go round: several times, each with its repetitions.
      const auto is_time = [](char c) { return c == 't' || c == 'r' || c == 'z'; };
      const bool is_late = !seen_.empty() && types.find(type) < types.find(seen_.back());
      if (is_late && !(is_time(type) && is_time(seen_.back())))
        return complain(std::string{type} + "= behind " + seen_.back() + "=; it stands in front of that (RFC 8866 §5)");
    }
    if (type == 'm') seen_.clear();
    seen_ += type;
  }

  // In front of a line of this type.
  void judge_needed(char type) {
    for (const char needed : kNeeded)
      if (kSessionTypes.find(needed) < kSessionTypes.find(type) && seen_.find(needed) == std::string::npos)
        return complain(std::string{"no "} + needed + "= in front of " + type +
                        "=; a description has v=, o=, s= and t=, in this order (RFC 8866 §5)");
  }

  void read_attribute(std::string_view value) {
    const std::size_t colon = value.find(':');
    if (colon == 0 || value.empty()) return complain("an attribute without a name");
    auto& attributes = session_.media.empty() ? session_.attributes : session_.media.back().attributes;
    attributes.push_back({line_, std::string{value.substr(0, colon)},
                          colon == std::string_view::npos ? "" : std::string{value.substr(colon + 1)}});
  }

  // c=IN IP4 239.1.2.3/16, of which a TTL and a count go with groups. §5.7
  void read_connection(std::string_view value) {
    const std::vector<std::string_view> words = sdp_words(value);
    if (words.size() != 3 || words[0] != "IN" || (words[1] != "IP4" && words[1] != "IP6"))
      return complain("no IN IP4 ADDRESS or IN IP6 ADDRESS: " + shown(value));
    const std::size_t slash = std::min(words[2].find('/'), words[2].size());
    const auto address = IpAddress::parse(words[2].substr(0, slash));
    if (!address) return complain(shown(words[2].substr(0, slash)) + " is no address; names are not resolved");
    if (address->is_v4() != (words[1] == "IP4")) return complain(address->text() + " is not " + std::string{words[1]});
    if (address->is_reserved())
      return complain(address->text() + " is neither a host's address nor a group's (224.0.0.0/4, ff00::/8)");
    if (slash < words[2].size() && !read_group(*address, words[2].substr(slash + 1))) return;
    (session_.media.empty() ? address_ : session_.media.back().address) = *address;
  }

  // "16", "16/3", of IPv6 "3": TTL and how many groups.
  bool read_group(const IpAddress& address, std::string_view rest) {
    const std::size_t slash = rest.find('/');
    const bool has_ttl = address.is_v4();
    const std::string_view count = has_ttl ? (slash == std::string_view::npos ? "1" : rest.substr(slash + 1)) : rest;
    if (!address.is_multicast())
      complain("a TTL or a count behind " + address.text() + ", which is no group (224.0.0.0/4, ff00::/8)");
    else if (has_ttl && !whole_number(rest.substr(0, slash), 255))
      complain("a TTL that is not 0 to 255: " + shown(rest));
    else if (!whole_number(count, 1) || count == "0")
      complain("several groups in one line (" + shown(rest) + "); describe one");
    return !fault_;
  }

  // m=KIND PORT PROTOCOL FORMAT … §5.14
  void read_media(std::string_view value) {
    const std::vector<std::string_view> words = sdp_words(value);
    if (words.size() < 4) return complain("no KIND PORT PROTOCOL FORMAT: " + shown(value));
    if (session_.media.size() == kMediaMax) return complain("more than 32 media");
    std::string_view port = words[1];
    if (port.ends_with("/1")) port.remove_suffix(2);
    if (port.find('/') != std::string_view::npos)
      return complain("several ports in one line (" + shown(words[1]) + "); describe one");
    const auto number = whole_number(port, 65'535);
    if (!number) return complain("a port that is not one of 0 to 65535: " + shown(words[1]));
    SdpMedia& media = session_.media.emplace_back();
    media.line = line_;
    media.kind = words[0];
    media.port = static_cast<std::uint16_t>(*number);
    media.protocol = words[2];
    media.formats.assign(words.begin() + 3, words.end());
  }

  SessionDescription session_;
  std::optional<IpAddress> address_;
  std::optional<SdpFault> fault_;
  std::string seen_;  // Types of lines, of the session or of its last medium.
  int line_ = 0;
};

}  // namespace

const SdpAttribute* SdpMedia::find(std::string_view name) const {
  const auto found = std::ranges::find(attributes, name, &SdpAttribute::name);
  return found == attributes.end() ? nullptr : &*found;
}

Result<SessionDescription, SdpFault> parse_sdp(std::string_view text) { return Parser().run(text); }

std::string without_keys(std::string_view why) {
  constexpr std::size_t kLongest = std::string_view("UDP/TLS/RTP/SAVPF").size();
  const auto is_base64 = [](char c) { return is_alphanumeric(c) || c == '+' || c == '/' || c == '='; };
  std::string shown;
  while (!why.empty()) {
    const auto size = static_cast<std::size_t>(std::ranges::find_if_not(why, is_base64) - why.begin());
    shown += size > kLongest ? std::string_view("…") : why.substr(0, size);
    shown += why.substr(size, 1);
    why.remove_prefix(std::min(size + 1, why.size()));
  }
  return shown;
}

std::vector<std::string_view> sdp_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return words;
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

}  // namespace fanlight::control
