#include "protect/key_ring.h"

#include <gtest/gtest.h>

#include "cmaf/test_boxes.h"

namespace fanlight::packager {
namespace {

const std::string kFirst = "00112233445566778899aabbccddeeff:0F0E0D0C0B0A09080706050403020100";

std::string lines_of(std::initializer_list<std::string_view> lines) {
  std::string text;
  for (const std::string_view line : lines) text.append(line).append("\n");
  return text;
}

TEST(KeyRingTest, AFileHasAKeyALineAndComments) {
  const auto keys = parse_keys(lines_of({"# of the tests", "", "  " + kFirst + "\r",
                                         "ffffffffffffffffffffffffffffffff:fefefefefefefefefefefefefefefefe"}));
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ(hex_of((*keys)[0].id), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(hex_of((*keys)[0].secret), "0f0e0d0c0b0a09080706050403020100");
  EXPECT_EQ(hex_of((*keys)[1].id), "ffffffffffffffffffffffffffffffff");
}

TEST(KeyRingTest, MistakesAreToldWithTheirLineAndWithoutTheKey) {
  const auto keys = parse_keys(lines_of({kFirst, kFirst, "00:11", kFirst.substr(1)}));
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error(),
            (std::vector<KeyFileProblem>{{2, "a key ID that is there already", "each once"},
                                         {3, "a line that is no key", "KEYID:KEY, both of 32 hexadecimal digits"},
                                         {4, "a line that is no key", "KEYID:KEY, both of 32 hexadecimal digits"}}));
}

TEST(KeyRingTest, NoneAndTooManyAreMistakes) {
  EXPECT_EQ(parse_keys("# none\n").error().front(), (KeyFileProblem{0, "no key", "a line KEYID:KEY at least"}));
  std::string text;
  for (std::size_t i = 0; i <= kContentKeysMax; ++i)
    text.append(30, '0').append(std::to_string(10 + i)).append(kFirst.substr(32)).append(1, '\n');
  ASSERT_FALSE(parse_keys(text));
  EXPECT_EQ(parse_keys(text).error().front(), (KeyFileProblem{0, "65 keys", "64 at most"}));
}

KeyRing ring_of(std::size_t keys, std::uint32_t rotate_segments) {
  KeyRing ring{.rotate_segments = rotate_segments};
  for (std::size_t i = 0; i < keys; ++i) ring.keys.push_back({.id = {std::byte(i + 1)}, .secret = {std::byte(i + 10)}});
  return ring;
}

TEST(KeyRingTest, KeysFollowTheSegmentsNumbers) {
  const KeyRing ring = ring_of(3, 2);
  const std::size_t slots[] = {0, 0, 1, 1, 2, 2, 0, 0, 1};
  for (std::size_t msn = 0; msn < std::size(slots); ++msn) EXPECT_EQ(ring.slot_of(msn), slots[msn]) << msn;
  for (const std::uint64_t msn : {0u, 1u, 1000u}) EXPECT_EQ(ring_of(3, 0).slot_of(msn), 0u);
}

TEST(KeyRingTest, AKeysIvIsItsId) {
  const KeyMark mark = ring_of(2, 1).mark_of(1);
  EXPECT_EQ(mark.id, (CipherBlock{std::byte{2}}));
  EXPECT_EQ(mark.iv, mark.id);
}

TEST(KeyRingTest, IdsAreWrittenInSmallLetters) {
  const CipherBlock id = parse_keys(kFirst)->front().id;
  EXPECT_EQ(key_id_text(id), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(key_id_uuid(id), "00112233-4455-6677-8899-aabbccddeeff");
}

TEST(KeyRingTest, ALicenceIsASetOfWebKeys) {
  KeyRing ring{.keys = *parse_keys(kFirst)};
  EXPECT_EQ(
      licence_text(ring),
      R"({"keys":[{"kty":"oct","kid":"ABEiM0RVZneImaq7zN3u_w","k":"Dw4NDAsKCQgHBgUEAwIBAA"}],"type":"temporary"})");
  ring.keys.push_back({});
  EXPECT_NE(licence_text(ring).find(R"(},{"kty":"oct","kid":"AAAAAAAAAAAAAAAAAAAAAA")"), std::string::npos);
}

}  // namespace
}  // namespace fanlight::packager
