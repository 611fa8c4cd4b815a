#include "service/own_certificate.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "http/certificate.h"

namespace fanlight::packager {
namespace {

class OwnCertificateTest : public testing::Test {
 protected:
  OwnCertificateTest() {
    std::string name = testing::TempDir() + "own-certificate-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~OwnCertificateTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string text(const char* name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(long days) {
    ASSERT_TRUE(write_self_signed_certificate(folder_ / "localhost.pem", folder_ / "localhost.key", days * 86'400));
  }
  // What is to be written stands in the way of itself.
  void let_writing_fail() { std::filesystem::create_directories(folder_ / "localhost.pem.new" / "full"); }

  std::filesystem::path folder_;
};

TEST_F(OwnCertificateTest, IsMadeOnceAndKept) {
  const std::filesystem::path deep = folder_ / "state" / "fanlight";
  ASSERT_TRUE(open_own_certificate(deep));
  folder_ = deep;
  const std::string made = text("localhost.pem");
  ASSERT_TRUE(open_own_certificate(deep));
  EXPECT_EQ(text("localhost.pem"), made);
  struct stat status {};
  ASSERT_EQ(stat((deep / "localhost.pem").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_FALSE(std::filesystem::exists(deep / "localhost.pem.new"));
  folder_ = deep.parent_path().parent_path();
}

TEST_F(OwnCertificateTest, OneThatEndsSoonIsRenewed) {
  write(10);
  const std::string before = text("localhost.pem");
  ASSERT_TRUE(open_own_certificate(folder_));
  EXPECT_NE(text("localhost.pem"), before);
}

TEST_F(OwnCertificateTest, WhereItCannotBeRenewedItStays) {
  write(10);
  const std::string before = text("localhost.pem");
  let_writing_fail();
  EXPECT_TRUE(open_own_certificate(folder_));
  EXPECT_EQ(text("localhost.pem"), before);
}

TEST_F(OwnCertificateTest, WhereThereIsNoneAndNoneCanBeWrittenItSaysSo) {
  let_writing_fail();
  const auto opened = open_own_certificate(folder_);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().what.find("localhost.pem"), std::string::npos) << opened.error().what;
}

TEST_F(OwnCertificateTest, APairOfTwoFilesIsUsedAndRenewedAsOne) {
  write(365);
  const std::string before = text("localhost.pem");
  ASSERT_TRUE(open_own_certificate(folder_));
  EXPECT_EQ(text("localhost.pem"), before);
  std::filesystem::remove(folder_ / "localhost.pem");
  std::filesystem::remove(folder_ / "localhost.key");
  write(10);
  ASSERT_TRUE(open_own_certificate(folder_));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "localhost.key"));
  EXPECT_TRUE(TlsContext::open(folder_ / "localhost.pem", folder_ / "localhost.pem"));
}

// As an end at the worst moment leaves it, on a disk that is full from then on.
TEST_F(OwnCertificateTest, AKeyOfAnotherBesideItDoesNotMatter) {
  write(10);
  ASSERT_TRUE(open_own_certificate(folder_));
  const std::string made = text("localhost.pem");
  std::ofstream(folder_ / "localhost.key") << "of the one before";
  let_writing_fail();
  EXPECT_TRUE(open_own_certificate(folder_));
  EXPECT_EQ(text("localhost.pem"), made);
}

TEST_F(OwnCertificateTest, WhatOneThatWasKilledHasLeftIsInNobodysWay) {
  for (const char* name : {"localhost.pem.new", "localhost.key.new"}) std::ofstream(folder_ / name).close();
  EXPECT_TRUE(open_own_certificate(folder_));
}

TEST_F(OwnCertificateTest, WhatCannotBeReadOrDoesNotMatchIsMadeAnew) {
  write(365);
  const std::string certificate = text("localhost.pem");
  for (const char* name : {"localhost.key", "localhost.pem"}) {
    std::ofstream(folder_ / name).close();  // As a power cut may leave it.
    EXPECT_TRUE(open_own_certificate(folder_)) << name;
    EXPECT_NE(text("localhost.pem"), certificate);
  }
}

TEST_F(OwnCertificateTest, WhoeverMakesOneIsWaitedFor) {
  const int lock = open((folder_ / "localhost.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  std::thread other([&] { EXPECT_TRUE(open_own_certificate(folder_)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "localhost.pem"));
  write(365);
  const std::string made = text("localhost.pem");
  close(lock);
  other.join();
  EXPECT_EQ(text("localhost.pem"), made);
}

TEST_F(OwnCertificateTest, WhoeverHoldsTheLockForGoodIsNotWaitedForForEver) {
  const int lock = open((folder_ / "localhost.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  std::ofstream(folder_ / "localhost.pem.new") << "what the other one writes";
  testing::internal::CaptureStdout();
  EXPECT_TRUE(open_own_certificate(folder_, millis(300)));
  const std::string said = testing::internal::GetCapturedStdout();
  EXPECT_NE(said.find("waits up to 0.3 s for " + (folder_ / "localhost.lock").string()), std::string::npos) << said;
  EXPECT_NE(said.find("goes on without"), std::string::npos) << said;
  EXPECT_EQ(text("localhost.pem.new"), "what the other one writes");
  EXPECT_TRUE(TlsContext::open(folder_ / "localhost.pem", folder_ / "localhost.pem"));
  close(lock);
}

TEST_F(OwnCertificateTest, ThoseThatStartTogetherHaveOnePair) {
  std::atomic<int> opened = 0;
  std::vector<std::thread> all;
  for (int i = 0; i < 8; ++i) all.emplace_back([&] { opened += open_own_certificate(folder_) ? 1 : 0; });
  for (std::thread& one : all) one.join();
  EXPECT_EQ(opened, 8);
  EXPECT_TRUE(open_own_certificate(folder_));
}

}  // namespace
}  // namespace fanlight::packager
