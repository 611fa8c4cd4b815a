#include "config/sdp_group.h"

#include <algorithm>

namespace fanlight::control {
namespace {

Result<const SdpMedia*, SdpFault> find_member(const SessionDescription& session, int line, std::string_view mid) {
  const SdpMedia* found = nullptr;
  for (const SdpMedia& one : session.media) {
    const SdpAttribute* own = one.find("mid");
    if (own == nullptr || own->value != mid) continue;
    if (found != nullptr) return SdpFault{own->line, "a=mid:" + own->value + " again"};
    found = &one;
  }
  if (found == nullptr) return SdpFault{line, "a=group: names " + std::string{mid} + ", which no a=mid: is"};
  return found;
}

}  // namespace

Result<SdpGroup, SdpFault> find_group(const SessionDescription& session, std::string_view kind, const SdpMedia& media) {
  const SdpAttribute* own = media.find("mid");
  if (own == nullptr) return SdpGroup{};
  for (const SdpAttribute& attribute : session.attributes) {
    const std::vector<std::string_view> words = sdp_words(attribute.value);
    if (attribute.name != "group" || words.empty() || words[0] != kind) continue;
    if (std::find(words.begin() + 1, words.end(), own->value) == words.end()) continue;
    SdpGroup group{.line = attribute.line, .media = {}};
    for (std::size_t i = 1; i < words.size(); ++i) {
      const auto member = find_member(session, attribute.line, words[i]);
      if (!member) return member.error();
      group.media.push_back(*member);
    }
    return group;
  }
  return SdpGroup{};
}

}  // namespace fanlight::control
