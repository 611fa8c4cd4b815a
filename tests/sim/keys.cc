#include "keys.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace fanlight::sim {
namespace {

// A handful of salts for all worlds: deriving a key takes 2 ms.
constexpr std::int64_t kSalts = 4;

const crypto::Key& kek_for(const wire::Salt& salt) {
  static std::map<wire::Salt, crypto::Key> known;
  const auto found = known.find(salt);
  if (found != known.end()) return found->second;
  return known.emplace(salt, crypto::derive_kek(kPassphrase, salt, 16)).first->second;
}

}  // namespace

Keys::Keys(Random& random) {
  const std::int64_t which = random.between(1, kSalts);
  for (std::size_t i = 0; i < salt_.size(); ++i) salt_[i] = std::byte(which * 16 + static_cast<std::int64_t>(i));
  set(wire::KeyFlag::kEven, random);
}

void Keys::set(wire::KeyFlag flag, Random& random) {
  Bytes16& bytes = flag == wire::KeyFlag::kEven ? even_ : odd_;
  for (std::byte& b : bytes) b = std::byte(random.next());
  auto& slot = flag == wire::KeyFlag::kEven ? ciphers_.even : ciphers_.odd;
  slot.emplace(crypto::Key(bytes), salt_);
}

void Keys::renew_spare(Random& random) { set(spare(), random); }

const char* Keys::install(ByteSpan content) {
  const auto message = wire::parse_key_message(content);
  if (!message) return "key message that is none";
  if (message->keys == wire::KeyFlag::kBoth) return "key message with both keys";
  if (message->salt != salt_) return "key message with another salt";
  if (message->key_bytes != 16) return "key message with another length";
  const auto keys = crypto::unwrap_keys(kek_for(salt_), *message);
  if (!keys) return "key that does not unwrap";
  const bool is_even = message->keys == wire::KeyFlag::kEven;
  (is_even ? ciphers_.even : ciphers_.odd).emplace(is_even ? *keys->even : *keys->odd, salt_);
  return nullptr;
}

std::vector<std::byte> Keys::message(wire::KeyFlag keys) const {
  std::vector<std::byte> plain;
  if (keys != wire::KeyFlag::kOdd) plain.insert(plain.end(), even_.begin(), even_.end());
  if (keys != wire::KeyFlag::kEven) plain.insert(plain.end(), odd_.begin(), odd_.end());
  std::array<std::byte, 72> wrapped;
  const std::size_t size = crypto::wrap_keys(kek_for(salt_), plain, wrapped);
  std::vector<std::byte> out(wire::kKeyMessageBytesMax);
  out.resize(wire::write_key_message(
      out, {.keys = keys, .key_bytes = 16, .salt = salt_, .wrapped = ByteSpan{wrapped}.first(size)}));
  CHECK(!out.empty());
  return out;
}

}  // namespace fanlight::sim
