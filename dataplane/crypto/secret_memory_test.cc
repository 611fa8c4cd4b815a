#include "crypto/secret_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/aes.h"
#include "crypto/packet_cipher.h"

namespace fanlight::crypto {
namespace {

// The heap is opened once in a process, so each test has one of its own. Answers whether `holds` did.
bool in_a_child(const std::function<bool()>& holds) {
  const pid_t child = fork();
  if (child == 0) _exit(holds() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// The VmFlags of the mapping that `memory` lies in, with a blank on either side: " rd wr … lo dd ".
std::string flags_of(const void* memory) {
  std::ifstream maps("/proc/self/smaps");
  const auto at = reinterpret_cast<std::uintptr_t>(memory);
  bool is_inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2) is_inside = from <= at && at < to;
    if (is_inside && line.starts_with("VmFlags:")) return line.substr(8) + " ";
  }
  return {};
}

bool has(const std::string& flags, std::string_view flag) { return flags.find(flag) != std::string::npos; }

void limit_locks(std::size_t bytes) {
  const rlimit limit{bytes, bytes};
  (void)setrlimit(RLIMIT_MEMLOCK, &limit);
  if (geteuid() == 0) (void)!setresuid(65534, 65534, 65534);  // Root locks what it likes.
}

const std::vector<std::byte> kSecret(32, std::byte{0x5A});

TEST(SecretMemoryTest, IsLockedAndInNoCore) {
  EXPECT_TRUE(in_a_child([] {
    const SecretHeap heap = open_secret_heap(100'000);
    const SecretBytes secret(kSecret);
    const std::string flags = flags_of(secret.bytes().data());
    return heap.bytes == 131'072 && heap.is_locked && has(flags, " dd ") && has(flags, " lo ");
  }));
}

TEST(SecretMemoryTest, KeysAndSchedulesLieInItWhereverTheirOwnersDo) {
  EXPECT_TRUE(in_a_child([] {
    (void)open_secret_heap(100'000);
    const Key key(kSecret);
    const PacketCipher cipher(key, wire::Salt{});
    return has(flags_of(key.bytes().data()), " dd ") && has(flags_of(&cipher.schedule()), " dd ") &&
           reinterpret_cast<std::uintptr_t>(&cipher.schedule()) % alignof(KeySchedule) == 0;
  }));
}

TEST(SecretMemoryTest, UnderALowLimitTheFirstAreLockedAndNoneIsDumped) {
  EXPECT_TRUE(in_a_child([] {
    limit_locks(8'192);
    const SecretHeap heap = open_secret_heap(1 << 20);
    std::vector<SecretBytes> secrets;
    for (int i = 0; i < 4'096; ++i) secrets.emplace_back(std::vector<std::byte>(256, std::byte{0x5A}));
    const std::string first = flags_of(secrets.front().bytes().data());
    const std::string last = flags_of(secrets.back().bytes().data());
    return !heap.is_locked && heap.lock_limit_bytes == 8'192 && has(first, " lo ") && has(first, " dd ") &&
           !has(last, " lo ") && has(last, " dd ");
  }));
}

TEST(SecretMemoryTest, MoreThanWasPlannedForIsTakenElsewhereAndNotDumped) {
  EXPECT_TRUE(in_a_child([] {
    (void)open_secret_heap(4'096);
    std::vector<SecretBytes> secrets;
    for (int i = 0; i < 64; ++i) secrets.emplace_back(std::vector<std::byte>(256, std::byte{0x5A}));
    for (const SecretBytes& secret : secrets)
      if (!has(flags_of(secret.bytes().data()), " dd ")) return false;
    secrets.clear();
    const SecretBytes again(kSecret);
    return again.bytes()[0] == std::byte{0x5A};
  }));
}

TEST(SecretMemoryTest, WhatComesBackIsWiped) {
  EXPECT_TRUE(in_a_child([] {
    (void)open_secret_heap(100'000);
    const std::byte* left = nullptr;
    {
      const SecretBytes secret(kSecret);
      left = secret.bytes().data();
    }
    // The mapping stays; its own list may have taken the first 16 bytes.
    for (std::size_t i = 16; i < 32; ++i)
      if (left[i] != std::byte{}) return false;
    return true;
  }));
}

TEST(SecretMemoryTest, ACopyIsASecretOfItsOwnAndAMoveLeavesNone) {
  SecretBytes first(kSecret);
  const SecretBytes copy = first;
  EXPECT_NE(copy.bytes().data(), first.bytes().data());
  EXPECT_EQ(copy, first);
  const SecretBytes taken = std::move(first);
  EXPECT_EQ(taken, copy);
  EXPECT_EQ(SecretBytes(), SecretBytes(ByteSpan{}));
  EXPECT_FALSE(taken == SecretBytes());
  EXPECT_FALSE(taken == SecretBytes(std::vector<std::byte>(32, std::byte{0x5B})));
}

}  // namespace
}  // namespace fanlight::crypto
