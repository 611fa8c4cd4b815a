// Decrypts a fragment as a player does, from what its boxes and those of its init segment say, for the tests.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "cmaf/test_boxes.h"
#include "protect/key_ring.h"

namespace fanlight::packager {

class TestDecryptor {
 public:
  TestDecryptor(ByteSpan init, const KeyRing& ring) : ring_(ring) {
    const ByteSpan entries = body_of(init, "moov/trak/mdia/minf/stbl/stsd");
    for (const ReadBox& entry : boxes_in(entries.subspan(8))) {
      is_encrypted_ = entry.type == "encv" || entry.type == "enca";
      if (is_encrypted_)
        default_ = key_of(body_of(entry.body.subspan(fields_before_boxes(entry.type)), "sinf/schi/tenc").subspan(4));
    }
  }

  [[nodiscard]] bool is_encrypted() const { return is_encrypted_; }
  // Of the last fragment.
  [[nodiscard]] const std::string& key_id() const { return key_id_; }

  // The clear `mdat`s of fragments behind one another.
  std::vector<std::byte> media_of(ByteSpan fragments) {
    std::vector<std::byte> media;
    ByteSpan moof;
    for (const ReadBox& box : boxes_in(fragments)) {
      if (box.type == "moof") moof = box.body;
      if (box.type != "mdat") continue;
      const std::vector<std::byte> clear = decrypted(body_of(moof, "traf"), box.body);
      media.insert(media.end(), clear.begin(), clear.end());
    }
    return media;
  }

 private:
  struct Key {
    std::string id;
    std::vector<std::byte> iv;
    unsigned encrypted = 0, skipped = 0;
  };

  // What `tenc` and `seig` both say.
  static Key key_of(ByteSpan said) {
    EXPECT_HEX(said.subspan(2, 2), "0100");
    EXPECT_HEX(said.subspan(20, 1), "10");
    const auto pattern = std::to_integer<unsigned>(said[1]);
    const ByteSpan iv = said.subspan(21, 16);
    return {hex_of(said.subspan(4, 16)), {iv.begin(), iv.end()}, pattern >> 4, pattern & 15};
  }

  static bool has(ByteSpan boxes, std::string_view type) {
    return std::ranges::any_of(boxes_in(boxes), [&](const ReadBox& box) { return box.type == type; });
  }

  std::vector<std::byte> decrypted(ByteSpan traf, ByteSpan mdat) {
    std::vector<std::byte> media(mdat.begin(), mdat.end());
    if (!is_encrypted_) return media;
    Key key = default_;
    if (has(traf, "sgpd")) key = key_of(body_of(traf, "sgpd").subspan(16));
    key_id_ = key.id;
    const auto secret = std::ranges::find(ring_.keys, key.id, [](const ContentKey& one) { return hex_of(one.id); });
    EXPECT_NE(secret, ring_.keys.end()) << key.id;
    ByteSpan said = has(traf, "senc") ? body_of(traf, "senc").subspan(8) : ByteSpan{};
    std::size_t at = 0;
    for (const std::size_t size : sizes_in(traf, mdat.size())) {
      const MutableByteSpan sample = MutableByteSpan(media).subspan(at, size);
      at += size;
      if (said.empty()) {
        decrypt(*secret, key, sample);
        continue;
      }
      decrypt_subsamples(*secret, key, sample, said);
    }
    EXPECT_EQ(at, mdat.size());
    EXPECT_TRUE(said.empty());
    return media;
  }

  static void decrypt_subsamples(const ContentKey& secret, const Key& key, MutableByteSpan sample, ByteSpan& said) {
    std::size_t at = 0;
    const std::size_t count = load_be16(said.data());
    said = said.subspan(2);
    for (std::size_t i = 0; i < count; ++i, said = said.subspan(6)) {
      at += load_be16(said.data());
      const std::size_t covered = load_be32(said.data() + 2);
      decrypt(secret, key, sample.subspan(at, covered));
      at += covered;
    }
    EXPECT_EQ(at, sample.size()) << "subsamples add up to the sample";
  }

  static std::vector<std::size_t> sizes_in(ByteSpan traf, std::size_t all) {
    const ByteSpan header = body_of(traf, "tfhd"), run = body_of(traf, "trun");
    const std::uint32_t has_default = load_be32(header.data()), has_own = load_be32(run.data());
    const std::size_t count = load_be32(run.data() + 4);
    std::size_t at = 12 + ((has_own & 0x4) != 0 ? 4 : 0);
    std::vector<std::size_t> sizes(count, count == 0 ? 0 : all / count);
    if ((has_default & 0x10) != 0) return sizes;
    const auto present = [&](std::uint32_t flag) { return (has_own & flag) != 0 ? std::size_t{4} : 0; };
    for (std::size_t& size : sizes) {
      size = load_be32(run.data() + at + present(0x100));
      at += present(0x100) + present(0x200) + present(0x400) + present(0x800);
    }
    return sizes;
  }

  static void decrypt(const ContentKey& secret, const Key& key, MutableByteSpan range) {
    const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    const auto* const bytes = reinterpret_cast<const unsigned char*>(secret.secret.data());
    EVP_DecryptInit_ex(context.get(), EVP_aes_128_cbc(), nullptr, bytes,
                       reinterpret_cast<const unsigned char*>(key.iv.data()));
    EVP_CIPHER_CTX_set_padding(context.get(), 0);
    const unsigned period = key.encrypted + key.skipped;
    for (unsigned block = 0; range.size() >= 16; range = range.subspan(16), ++block) {
      if (period != 0 && block % period >= key.encrypted) continue;
      auto* const at = reinterpret_cast<unsigned char*>(range.data());
      int written = 0;
      EXPECT_EQ(EVP_DecryptUpdate(context.get(), at, &written, at, 16), 1);
    }
  }

  const KeyRing& ring_;
  bool is_encrypted_ = false;
  Key default_;
  std::string key_id_;
};

}  // namespace fanlight::packager
