#include "session/key_ring.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

KeyRule rule(KeyPlace place, const std::string& passphrase, KeySource source = KeySource::kConfig) {
  return {.place = std::move(place), .passphrase = passphrase, .source = source};
}
KeyRing ring_of(std::vector<KeyRule> rules) {
  KeyRing ring;
  ring.reload(WallTime{100}, rules);
  return ring;
}
std::string chosen(const KeyRing& ring, KeySeeker seeker) {
  const RingKey* key = ring.choose(seeker);
  return key == nullptr ? "the stream's" : std::string{key->passphrase.reveal()};
}

constexpr Role kView = Role::kViewer;
constexpr Role kPublish = Role::kPublisher;

TEST(KeyRingTest, TheUsersBeforeTheGroupsBeforeTheStreams) {
  const KeyRing ring = ring_of({rule({.stream = "live/main", .role = kView}, "everybody's key"),
                                rule({.stream = "live/main", .role = kView, .group = "gold"}, "the gold group's"),
                                rule({.stream = "live/*", .role = kView, .user = "bob"}, "bob's own key"),
                                rule({.stream = "*", .role = kPublish}, "all publishers'")});
  const struct {
    KeySeeker seeker;
    const char* key;
  } rows[] = {
      {{"live/main", kView, "", ""}, "everybody's key"},
      {{"live/main", kView, "eve", "silver"}, "everybody's key"},
      {{"live/main", kView, "eve", "gold"}, "the gold group's"},
      {{"live/main", kView, "bob", "gold"}, "bob's own key"},
      {{"live/other", kView, "bob", "gold"}, "bob's own key"},
      {{"live/other", kView, "eve", "gold"}, "the stream's"},
      {{"other", kView, "bob", ""}, "the stream's"},
      {{"live/main", kPublish, "bob", "gold"}, "all publishers'"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(chosen(ring, row.seeker), row.key) << row.seeker.stream << " " << row.seeker.user << row.seeker.group;
}

TEST(KeyRingTest, AmongEqualsTheNarrowerOne) {
  const KeyRing ring =
      ring_of({rule({.stream = "*"}, "the widest of all"), rule({.stream = "live/a*"}, "a longer pattern"),
               rule({.stream = "live/*"}, "a shorter pattern"), rule({.stream = "live/a"}, "the name itself"),
               rule({.stream = "live/*", .role = kView}, "one direction")});
  EXPECT_EQ(chosen(ring, {"other", kView, "", ""}), "the widest of all");
  EXPECT_EQ(chosen(ring, {"live/a", kView, "", ""}), "the name itself");
  EXPECT_EQ(chosen(ring, {"live/ab", kView, "", ""}), "a longer pattern");
  EXPECT_EQ(chosen(ring, {"live/b", kPublish, "", ""}), "a shorter pattern");
  EXPECT_EQ(chosen(ring, {"live/b", kView, "", ""}), "one direction");
}

TEST(KeyRingTest, WhatTheApiSetComesFirstAndStaysOverAReload) {
  KeyRing ring = ring_of({rule({.stream = "a", .role = kView}, "of the file 1")});
  KeyRule fresh = rule({.stream = "a", .role = kView}, "of the API 1", KeySource::kApi);
  EXPECT_TRUE(ring.set(WallTime{200}, fresh));
  EXPECT_TRUE(fresh.passphrase.empty()) << "wiped";
  EXPECT_EQ(chosen(ring, {"a", kView, "", ""}), "of the API 1");
  KeyRule newer = rule({.stream = "a", .role = kView}, "of the API 2", KeySource::kApi);
  EXPECT_TRUE(ring.set(WallTime{300}, newer));
  EXPECT_EQ(ring.keys().size(), 2u) << "in the other's place";
  std::vector<KeyRule> rules{rule({.stream = "a", .role = kView}, "of the file 2")};
  ring.reload(WallTime{400}, rules);
  EXPECT_TRUE(rules[0].passphrase.empty()) << "wiped";
  EXPECT_EQ(ring.keys().size(), 2u);
  EXPECT_EQ(chosen(ring, {"a", kView, "", ""}), "of the API 2");
}

TEST(KeyRingTest, AReloadKeepsWhatStaysTheSame) {
  KeyRing ring = ring_of({rule({.stream = "a"}, "the same as ever"), rule({.stream = "b"}, "this one changes")});
  for (RingKey& key : ring.keys()) {
    key.expires = WallTime{150};
    key.is_cut = true;
  }
  const std::uint64_t first = ring.keys()[0].id;
  std::vector<KeyRule> rules{rule({.stream = "a"}, "the same as ever"), rule({.stream = "b"}, "now it is this")};
  ring.reload(WallTime{400}, rules);
  EXPECT_EQ(ring.keys()[0].id, first);
  EXPECT_EQ(ring.keys()[0].set_at, WallTime{100});
  EXPECT_TRUE(ring.keys()[0].is_expired(WallTime{400})) << "the operator's word stands";
  EXPECT_FALSE(ring.keys()[1].is_expired(WallTime{400}));
  EXPECT_EQ(ring.keys()[1].set_at, WallTime{400});
}

TEST(KeyRingTest, AnExpiryIsAMomentOrASpan) {
  KeyRing ring;
  KeyRule span = rule({.stream = "a"}, "for an hour only");
  span.expires_in = 3'600;
  EXPECT_TRUE(ring.set(WallTime{1'000}, span));
  EXPECT_FALSE(ring.keys()[0].is_expired(WallTime{4'599}));
  EXPECT_TRUE(ring.keys()[0].is_expired(WallTime{4'600}));
  KeyRule moment = rule({.stream = "a"}, "until a moment");
  moment.expires = 2'000;
  EXPECT_TRUE(ring.set(WallTime{1'000}, moment));
  EXPECT_TRUE(ring.keys()[0].is_expired(WallTime{2'000}));
}

}  // namespace
}  // namespace fanlight::control
