// How often a publisher may renew its key, and what is heard of one that cannot stop.
#include "session/publisher_keys.h"

#include <gmock/gmock.h>

#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

using testing::HasSubstr;
using wire::Reject;

constexpr Instant kNow{5'000'000};

TEST(PublisherKeysTest, NewKeysHaveARate) {
  KeyDesk desk;
  const Secret secret(kPassphrase);
  PublisherKeys keys{.session = {.kek = crypto::derive_kek(kPassphrase, KeyMaterial{}.salt_bytes(), 16),
                                 .salt = KeyMaterial{}.salt_bytes()}};
  std::uint8_t key = 0;
  const auto renew = [&](Instant at) {
    return desk.refresh(at, secret, KeyMaterial{.first_byte = ++key}.bytes(), keys);
  };
  for (std::int64_t i = 0; i < PublisherKeys::kNewKeysBurst; ++i) EXPECT_TRUE(renew(kNow));
  const std::vector<std::byte> last = KeyMaterial{.first_byte = key}.bytes();
  EXPECT_EQ(renew(kNow).error(), Reject::kOverload);
  const auto copy = desk.refresh(kNow, secret, last, keys);
  ASSERT_TRUE(copy) << "a copy is answered all the same";
  EXPECT_FALSE(copy->is_news);
  --key;
  EXPECT_TRUE(renew(kNow + millis(100))) << "what came too soon comes again";
  EXPECT_EQ(renew(kNow + millis(100)).error(), Reject::kOverload);
}

using KeyFloodTest = DeskTest;

TEST_F(KeyFloodTest, WhoFloodsWithKeyRequestsHasALineInAWhile) {
  begin({secret_rule("live/secret")});
  Caller caller = publisher("live/secret");
  caller.key_message = KeyMaterial{}.bytes();
  const command::OpenSession opening = let_in(caller);
  opened(opening, 9);
  take_notices();
  const std::vector<std::byte> junk = KeyMaterial{.passphrase = "another passphrase"}.bytes();
  const auto ask_refresh = [&] {
    event::KeyRequestReceived event{.request = opening.request, .socket = SocketId{9}};
    event.bytes = static_cast<std::uint16_t>(junk.size());
    std::copy(junk.begin(), junk.end(), event.message.begin());
    desk().handle_event(now_, std::move(event));
  };
  for (int i = 0; i < 1'000; ++i) ask_refresh();
  std::optional<Notice> notice = desk().poll_notice();
  ASSERT_TRUE(notice);
  EXPECT_EQ(notice->about, Notice::About::kSession) << "the operator's own lines have their place";
  EXPECT_FALSE(desk().poll_notice());
  EXPECT_EQ(desk().armour().refreshes_ignored, 1'000u);
  wait(QuietCount::kPause);
  ask_refresh();
  notice = desk().poll_notice();
  ASSERT_TRUE(notice);
  EXPECT_THAT(notice->text, HasSubstr("sent 1000 key refreshes that were ignored, the last: "));
}

}  // namespace
}  // namespace fanlight::control
