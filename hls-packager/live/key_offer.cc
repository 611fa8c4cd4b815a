#include "live/key_offer.h"

#include <utility>

#include "playlist/names.h"

namespace fanlight::packager {
std::optional<MpdProtection> protection_in_mpd(const KeyRing* keys, const std::string& name) {
  if (keys == nullptr) return std::nullopt;
  MpdProtection protection{.key_id = key_id_uuid(keys->keys.front().id)};
  if (keys->is_served) protection.licence = "/live/" + name + "/" + kLicenceName;
  return protection;
}

std::shared_ptr<const ServedKeys> served_keys(const KeyRing* keys) {
  if (keys == nullptr || !keys->is_served) return nullptr;
  ServedKeys served;
  for (const ContentKey& one : keys->keys) served.by_id.emplace(key_id_text(one.id), SharedBytes::copy_of(one.secret));
  served.licence = SharedBytes::copy_of(licence_text(*keys));
  return std::make_shared<const ServedKeys>(std::move(served));
}

}  // namespace fanlight::packager
