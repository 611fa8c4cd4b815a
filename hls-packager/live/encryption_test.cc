#include <gtest/gtest.h>

#include <algorithm>

#include "live/group.h"
#include "live/key_offer.h"
#include "live/test_live_stage.h"
#include "protect/test_decryptor.h"

namespace fanlight::packager {
namespace {

using namespace test;

std::shared_ptr<const KeyRing> ring_of(std::uint32_t rotate_segments, bool is_served = false) {
  return std::make_shared<const KeyRing>(
      KeyRing{.keys = *parse_keys("000102030405060708090a0b0c0d0e0f:2b7e151628aed2a6abf7158809cf4f3c\n"
                                  "101112131415161718191a1b1c1d1e1f:3c4fcf098815f7aba6d2ae2816157e2b\n"
                                  "202122232425262728292a2b2c2d2e2f:00000000000000000000000000000001\n"),
              .rotate_segments = rotate_segments,
              .is_served = is_served});
}

class Encrypted : public LiveStage {
 public:
  explicit Encrypted(std::shared_ptr<const KeyRing> keys) : LiveStage({}, {.name = "a", .keys = std::move(keys)}) {}
  [[nodiscard]] const StreamSnapshot& last() const { return audience_.last(); }
  [[nodiscard]] const ReadPlaylist& playlist(const std::string& folder) { return audience_.of(folder).newest(); }
  [[nodiscard]] Publisher& publisher() { return publisher_; }
  [[nodiscard]] const LiveStream& stream() const { return stream_; }
};

Bytes bytes_of(const LiveSegment& segment) {
  Bytes all;
  for (const SharedBytes& part : segment.parts) all.insert(all.end(), part.span().begin(), part.span().end());
  return all;
}

ByteSpan init_for(const RenditionSnapshot& rendition, std::string_view map) {
  for (const LiveInit& init : rendition.inits) {
    for (std::size_t slot = 0; slot <= init.of_further_keys.size(); ++slot)
      if (map.find('"' + init_name(init.init, slot) + '"') != std::string_view::npos)
        return slot == 0 ? init.bytes.span() : init.of_further_keys[slot - 1].span();
  }
  ADD_FAILURE() << "no " << map;
  return {};
}

// Every segment that is listed, as one who reads the playlist decrypts it, is what it is in the clear.
void expect_clear_within(Encrypted& encrypted, const Encrypted& clear, const KeyRing& ring) {
  for (std::size_t i = 0; i < clear.last().renditions.size(); ++i) {
    const RenditionSnapshot &theirs = *encrypted.last().renditions[i], &ours = *clear.last().renditions[i];
    const ReadPlaylist& playlist = encrypted.playlist(theirs.folder);
    ASSERT_EQ(theirs.segments.size(), ours.segments.size());
    ASSERT_GT(playlist.segments.size(), 5u);
    for (const ReadSegment& listed : playlist.segments) {
      const auto at = std::ranges::find(theirs.segments, listed.msn, [](const auto& one) { return one->msn; });
      const LiveSegment& in_clear = *ours.segments[static_cast<std::size_t>(at - theirs.segments.begin())];
      TestDecryptor decryptor(init_for(theirs, listed.map), ring), plain(ours.inits.front().bytes.span(), ring);
      ASSERT_TRUE(decryptor.is_encrypted());
      ASSERT_FALSE(plain.is_encrypted());
      EXPECT_NE(bytes_of(**at), bytes_of(in_clear));
      EXPECT_EQ(decryptor.media_of(bytes_of(**at)), plain.media_of(bytes_of(in_clear))) << listed.uri;
      const std::string key_id = key_id_text(ring.keys[ring.slot_of(listed.msn)].id);
      EXPECT_EQ(decryptor.key_id(), key_id) << listed.uri;
      EXPECT_EQ(listed.key,
                "METHOD=SAMPLE-AES,URI=\"../" + key_id + ".key\",IV=0x" + key_id + ",KEYFORMAT=\"identity\"");
    }
  }
}

TEST(EncryptionTest, WhatIsDecryptedIsWhatWouldBeInTheClear) {  // H-90
  for (const std::uint32_t rotate_segments : {0u, 1u, 3u}) {
    const auto ring = ring_of(rotate_segments);
    Encrypted encrypted(ring), clear(nullptr);
    encrypted.play(seconds(12));
    clear.play(seconds(12));
    expect_clear_within(encrypted, clear, *ring);
  }
}

// An init segment for each key in HLS; in DASH, where there is one, the fragments tell.
TEST(EncryptionTest, TheFirstInitSegmentIsEnough) {
  const auto ring = ring_of(1);
  Encrypted encrypted(ring);
  encrypted.play(seconds(8));
  const RenditionSnapshot& video = *encrypted.last().renditions[0];
  ASSERT_EQ(video.inits.front().of_further_keys.size(), 2u);
  std::vector<std::string> by_first, by_own;
  for (const auto& segment : video.segments) {
    if (!segment->is_whole) continue;
    TestDecryptor first(video.inits.front().bytes.span(), *ring);
    const Bytes media = first.media_of(bytes_of(*segment));
    by_first.push_back(first.key_id());
    const std::size_t slot = ring->slot_of(segment->msn);
    TestDecryptor own(slot == 0 ? video.inits[0].bytes.span() : video.inits[0].of_further_keys[slot - 1].span(), *ring);
    EXPECT_EQ(own.media_of(bytes_of(*segment)), media);
    by_own.push_back(own.key_id());
  }
  EXPECT_EQ(by_first, by_own);
  EXPECT_EQ(std::set(by_own.begin(), by_own.end()).size(), 3u);
}

// Before each first part of another key, and of no other.
TEST(EncryptionTest, TheNextKeysInitSegmentIsHintedAt) {  // H-16
  const auto ring = ring_of(2);
  Encrypted encrypted(ring);
  encrypted.play(seconds(8));
  std::size_t hinted = 0;
  for (int i = 0; i < 8 * 25; ++i) {
    encrypted.play(millis(40));
    const ReadPlaylist& video = encrypted.playlist("v0");
    const std::string map = line_with(video.tail, "#EXT-X-PRELOAD-HINT:TYPE=MAP");
    const std::string part = line_with(video.tail, "#EXT-X-PRELOAD-HINT:TYPE=PART");
    const std::uint64_t msn = std::stoull(part.substr(part.find("URI=\"s") + 6));
    const bool is_first = part.find(".0.m4s") != std::string::npos;
    const bool is_other = is_first && ring->slot_of(msn) != ring->slot_of(msn - 1);
    EXPECT_EQ(map, is_other ? "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"" + init_name(0, ring->slot_of(msn)) + "\"" : "");
    hinted += is_other ? 1 : 0;
  }
  EXPECT_GE(hinted, 3u);
}

TEST(EncryptionTest, APartIsEncryptedOnceForAll) {
  Encrypted encrypted(ring_of(2));
  encrypted.play(seconds(6));
  const std::shared_ptr<const RenditionSnapshot> before = encrypted.last().renditions[0];
  encrypted.play(seconds(1));
  const RenditionSnapshot& now = *encrypted.last().renditions[0];
  EXPECT_EQ(before->segments.front()->parts.front().span().data(), now.segments.front()->parts.front().span().data());
}

TEST(EncryptionTest, KeysAreServedWhenThatIsSaid) {
  Encrypted hidden(ring_of(2)), served(ring_of(2, true));
  hidden.play(seconds(6));
  served.play(seconds(6));
  EXPECT_EQ(hidden.last().keys, nullptr);
  ASSERT_NE(served.last().keys, nullptr);
  const ServedKeys& keys = *served.last().keys;
  ASSERT_EQ(keys.by_id.size(), 3u);
  EXPECT_HEX(keys.by_id.at("000102030405060708090a0b0c0d0e0f").span(), "2b7e151628aed2a6abf7158809cf4f3c");
  EXPECT_EQ(keys.licence.size(), licence_text(*ring_of(2)).size());
  for (const Encrypted* one : {&hidden, &served}) {
    const bool is_served = one == &served;
    const std::string mpd = text_of(one->last().mpd), playlist = text_of(one->last().renditions[1]->playlist);
    EXPECT_NE(mpd.find("value=\"cbcs\" cenc:default_KID=\"00010203-0405-0607-0809-0a0b0c0d0e0f\""), std::string::npos);
    EXPECT_EQ(mpd.find(">/live/a/licence.json</ck:Laurl>") != std::string::npos, is_served);
    EXPECT_EQ(playlist.find("org.w3.clearkey") != std::string::npos, is_served);
    for (const char* secret : {"2b7e151628aed2a6", "2B7E151628AED2A6", "K34VFiiu0qar9xWICc9PPA"})
      EXPECT_EQ(mpd.find(secret) + playlist.find(secret), 2 * std::string::npos);
  }
}

TEST(EncryptionTest, InTheClearNothingSpeaksOfKeys) {
  Encrypted clear(nullptr);
  clear.play(seconds(6));
  EXPECT_EQ(clear.last().keys, nullptr);
  EXPECT_EQ(text_of(clear.last().mpd).find("cenc"), std::string::npos);
  EXPECT_EQ(text_of(clear.last().renditions[0]->playlist).find("EXT-X-KEY"), std::string::npos);
}

TEST(EncryptionTest, AnotherCodecGoesOnUnderTheSameKeys) {
  const auto ring = ring_of(1);
  Encrypted encrypted(ring);
  encrypted.play(seconds(6));
  encrypted.publisher().set_hevc(true);
  encrypted.play(seconds(6));
  const RenditionSnapshot& video = *encrypted.last().renditions[0];
  ASSERT_EQ(video.inits.size(), 2u);
  const ReadSegment& newest = encrypted.playlist("v0").segments.back();
  EXPECT_TRUE(newest.map.starts_with("\"i1.")) << newest.map;
  const auto at = std::ranges::find(video.segments, newest.msn, [](const auto& one) { return one->msn; });
  const Bytes idr = copy(H265Pictures().convert(from_hex(kH265MainIdr)).bytes);
  TestDecryptor decryptor(init_for(video, newest.map), *ring);
  const Bytes media = decryptor.media_of(bytes_of(**at));
  EXPECT_EQ(hex_of(ByteSpan(media).first(idr.size())), hex_of(idr));
  for (const PublishedRendition& one : encrypted.stream().publication().renditions())
    EXPECT_EQ(one.rendition.counts().slices_left_clear, 0u);
}

TEST(EncryptionTest, AGroupOffersItsStreamsKeys) {
  const auto ring = ring_of(2, true);
  Encrypted first(ring);
  StreamGroup group("g", ring.get());
  group.add(first.stream(), "a");
  first.play(seconds(6));
  const auto shown = group.take(0, std::make_shared<const StreamSnapshot>(first.last()), first.now(), first.wall());
  ASSERT_NE(shown, nullptr);
  ASSERT_NE(shown->keys, nullptr);
  EXPECT_EQ(shown->keys->by_id.size(), 3u);
  EXPECT_NE(text_of(shown->mpd).find(">/live/g/licence.json</ck:Laurl>"), std::string::npos);
}

}  // namespace
}  // namespace fanlight::packager
