#include "config/srtp_key.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>
#include <vector>

#include "config/secret.h"
#include "config/secret_source.h"

namespace fanlight::control {
namespace {

constexpr std::string_view kForm = "SUITE inline:BASE64, and |LIFETIME behind it if need be";
constexpr std::string_view kMethod = "inline:";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr IntegerRange kKeyTextBytes{1, 512};
constexpr std::uint64_t kPacketsMost = std::uint64_t{1} << 48;
constexpr unsigned kPowerMost = 48;
constexpr std::size_t kMasterBytesMost = 44;

// Empty: there is none.
using Fault = std::optional<SrtpKeyFault>;

std::vector<std::string_view> split(std::string_view text, std::string_view between) {
  std::vector<std::string_view> parts;
  for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(std::min(end + 1, text.size()))) {
    end = text.find_first_of(between);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
  }
  return parts;
}

// May be shown: base64 has no '_', so it is no piece of a key.
bool is_name(std::string_view text) {
  return text.size() <= 32 && text.find('_') != std::string_view::npos &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string_view::npos;
}

std::string suite_names() {
  std::string names;
  for (const crypto::SrtpSuiteForm& form : crypto::kSrtpSuites)
    names += (names.empty() ? "" : ", ") + std::string{form.name};
  return names;
}

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.starts_with('0')) return std::nullopt;
  return number;
}

// Wiped by whoever ends it.
struct Decoded {
  std::array<std::byte, kMasterBytesMost + 1> bytes{};
  std::size_t size = 0;  // What does not fit is not counted: it is one too many already.
  bool is_base64 = true;

  Decoded() = default;
  Decoded(const Decoded&) = delete;
  Decoded& operator=(const Decoded&) = delete;
  ~Decoded() { explicit_bzero(bytes.data(), bytes.size()); }
};

// RFC 4648 §4. The padding may be missing, since the length says as much; bits behind the last byte are zero.
void decode(std::string_view text, Decoded& into) {
  const std::string_view letters = text.substr(0, text.find_last_not_of('=') + 1);
  const std::size_t padding = text.size() - letters.size();
  into.is_base64 = letters.size() % 4 != 1 && (padding == 0 || (padding <= 2 && text.size() % 4 == 0));
  std::uint32_t bits = 0;  // The lowest `held` are not written yet.
  int held = 0;
  for (const char letter : letters) {
    const std::size_t value = kBase64.find(letter);
    if (value == std::string_view::npos) into.is_base64 = false;
    bits = bits << 6 | static_cast<std::uint32_t>(value & 0x3F);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    if (into.size < into.bytes.size()) into.bytes[into.size++] = static_cast<std::byte>(bits >> held & 0xFF);
  }
  if ((bits & ((1u << held) - 1)) != 0) into.is_base64 = false;
}

Fault read_master(std::string_view text, crypto::SrtpMaster& master) {
  const crypto::SrtpSuiteForm& form = crypto::form_of(master.suite);
  const std::string wanted = std::to_string(form.master_bytes()) + " bytes in base64, " +
                             std::to_string(form.key_bytes) + " of key and " + std::to_string(form.salt_bytes) +
                             " of salt: what " + std::string{form.name} + " takes";
  Decoded decoded;
  decode(text, decoded);
  if (!decoded.is_base64) return SrtpKeyFault{"no base64 behind inline:", wanted};
  if (decoded.size != form.master_bytes()) {
    const bool is_longer = decoded.size > kMasterBytesMost;
    return SrtpKeyFault{(is_longer ? "more than " + std::to_string(kMasterBytesMost) : std::to_string(decoded.size)) +
                            " bytes behind inline:",
                        wanted};
  }
  master.key_and_salt = crypto::SecretBytes(std::span(decoded.bytes).first(decoded.size));
  return std::nullopt;
}

// RFC 4568 §6.1: a number of packets, or a power of two.
Fault read_lifetime(std::string_view text, crypto::SrtpMaster& master) {
  const bool is_power = text.starts_with("2^");
  const auto number = read_number(is_power ? text.substr(2) : text);
  if (is_power && number && *number <= kPowerMost) {
    master.packets_max = std::uint64_t{1} << *number;
  } else if (!is_power && number && *number <= kPacketsMost) {
    master.packets_max = *number;
  } else {
    return SrtpKeyFault{"a lifetime that is none", "a number of packets, like |1000000 or |2^31, up to 2^48"};
  }
  return std::nullopt;
}

// Everything between "inline:" and the session parameters.
Fault read_key(std::string_view text, crypto::SrtpMaster& master) {
  if (text.find(';') != std::string_view::npos)
    return SrtpKeyFault{"more than one key",
                        "one: a second is told by an identifier (MKI) in each packet, "
                        "which is not read"};
  const std::vector<std::string_view> parts = split(text, "|");
  const bool has_mki = std::ranges::any_of(
      std::span(parts).subspan(1), [](std::string_view part) { return part.find(':') != std::string_view::npos; });
  if (has_mki)
    return SrtpKeyFault{"a master key identifier (MKI)",
                        "a key without one: have the sender leave it out, and what follows the last | here"};
  if (parts.size() > 2) return SrtpKeyFault{"more than one lifetime", std::string{kForm}};
  if (Fault fault = read_master(parts[0], master)) return fault;
  return parts.size() == 2 ? read_lifetime(parts[1], master) : std::nullopt;
}

// RFC 4568 §6.3. All but the window changes what is sent, so it must not be passed over; what begins with "-" may be.
Fault judge_parameter(std::string_view text) {
  if (text.starts_with('-')) return std::nullopt;
  const std::string_view name = text.substr(0, text.find('='));
  const auto value = read_number(text.substr(std::min(name.size() + 1, text.size())));
  if (name == "WSH" && value && *value >= 64 && *value <= crypto::kSrtpWindowPackets) return std::nullopt;
  if (name == "WSH")
    return SrtpKeyFault{"session parameter WSH", "WSH=64 to WSH=" + std::to_string(crypto::kSrtpWindowPackets)};
  return SrtpKeyFault{
      is_name(name) || name == "KDR" ? "session parameter " + std::string{name} : std::string{"words behind the key"},
      "none but WSH: everything encrypted and authenticated, with keys derived once"};
}

}  // namespace

Result<crypto::SrtpMaster, SrtpKeyFault> parse_srtp_key(std::string_view text) {
  std::vector<std::string_view> words = split(text, " \t");
  std::erase(words, std::string_view{});
  if (words.empty()) return SrtpKeyFault{"nothing", std::string{kForm}};
  const auto suite = crypto::srtp_suite_of(words[0]);
  if (!suite)
    return SrtpKeyFault{is_name(words[0]) ? "crypto suite " + quoted(words[0]) : "no crypto suite in front",
                        "one of " + suite_names()};
  if (words.size() < 2 || !words[1].starts_with(kMethod))
    return SrtpKeyFault{"no inline: behind the crypto suite", std::string{kForm}};
  crypto::SrtpMaster master{.suite = *suite};
  if (Fault fault = read_key(words[1].substr(kMethod.size()), master)) return *std::move(fault);
  for (const std::string_view parameter : std::span(words).subspan(2))
    if (Fault fault = judge_parameter(parameter)) return *std::move(fault);
  return master;
}

std::string write_srtp_key(const crypto::SrtpMaster& master) {
  const ByteSpan bytes = master.key_and_salt.bytes();
  std::string text;
  text.reserve(128);  // It stays where it is, so one wipe is enough.
  (text += crypto::form_of(master.suite).name) += " inline:";
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t bits = 0;
    for (std::size_t i = at; i < at + 3; ++i)
      bits = bits << 8 | (i < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i]) : 0);
    for (std::size_t i = 0; i < 4; ++i) text += at + i <= bytes.size() ? kBase64[bits >> (18 - 6 * i) & 0x3F] : '=';
  }
  if (master.packets_max != kPacketsMost) (text += '|') += std::to_string(master.packets_max);
  return text;
}

std::optional<crypto::SrtpMaster> read_srtp_key(FieldReader& reader, std::string_view key) {
  std::string text = read_secret(reader, key, kKeyTextBytes);
  const WipedAtEnd wiped({&text});
  if (text.empty()) return std::nullopt;
  auto master = parse_srtp_key(text);
  if (master) return *std::move(master);
  for (const std::string_view place : {"_file", "_credential", ""})
    if (const std::string written = std::string{key} += place; reader.has(written)) {
      reader.complain(written, std::move(master.error().found), std::move(master.error().accepted));
      break;
    }
  return std::nullopt;
}

}  // namespace fanlight::control
