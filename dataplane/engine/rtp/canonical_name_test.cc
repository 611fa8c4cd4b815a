#include "engine/rtp/canonical_name.h"

#include <gtest/gtest.h>

namespace fanlight::rtp {
namespace {

constexpr HashKey kKey{7, 8};
ByteSpan bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(CanonicalNameTest, OneSourceHasOneNameAndAnotherAnother) {
  const auto source = [](std::string_view text) {
    return CanonicalName::of(kKey, CanonicalName::Of::kSource, bytes(text));
  };
  EXPECT_EQ(source("user@host"), source("user@host"));
  EXPECT_NE(source("user@host"), source("user@host2"));
  EXPECT_NE(source("user@host"), source(""));
  EXPECT_FALSE(source("").is_none());
}

TEST(CanonicalNameTest, AnotherKindOrRunOfTheRelayHasOthers) {
  const CanonicalName stream = CanonicalName::of(kKey, CanonicalName::Of::kStream, bytes("a"));
  EXPECT_NE(stream, CanonicalName::of(kKey, CanonicalName::Of::kSource, bytes("a")));
  EXPECT_NE(stream, CanonicalName::of({7, 9}, CanonicalName::Of::kStream, bytes("a")));
}

TEST(CanonicalNameTest, ItIsWrittenAsDigits) {
  const CanonicalName::Text text = CanonicalName{{0x0123'4567, 0x89AB'CDEF, 0xF000'0001}}.text();
  EXPECT_EQ(std::string_view(text.data(), text.size()), "0123456789abcdeff0000001");
}

}  // namespace
}  // namespace fanlight::rtp
