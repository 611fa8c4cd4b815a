#include "config/secret_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/config.h"

namespace fanlight::control {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A directory of its own, and $CREDENTIALS_DIRECTORY as a test wants it.
class SecretSourceTest : public ::testing::Test {
 protected:
  SecretSourceTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "fanlight-secret-XXXXXX";
    home_ = mkdtemp(pattern.data()) + std::string{"/"};
    unsetenv("CREDENTIALS_DIRECTORY");
  }
  ~SecretSourceTest() override {
    unsetenv("CREDENTIALS_DIRECTORY");
    std::filesystem::remove_all(home_);
  }

  void write(const std::string& name, std::string_view text, mode_t mode = 0600) const {
    std::ofstream(home_ + name) << text;
    chmod((home_ + name).c_str(), mode);
  }

  // What `fields` come to as the configuration's; the problems are kept.
  std::string read(std::vector<Field> fields, std::optional<SecretPlaces> places) {
    problems_.clear();
    std::vector<Problem> problems;
    FieldReader reader("stream", 1, fields, problems, std::move(places));
    const std::string secret = read_secret(reader, "passphrase", {10, 79});
    reader.finish();
    for (const Problem& problem : problems) problems_.push_back(problem.text());
    return secret;
  }
  std::string read(std::vector<Field> fields) { return read(std::move(fields), SecretPlaces{home_}); }
  std::string read_file(const std::string& path) { return read({{"passphrase_file", path, 1}}); }
  std::string read_credential(const std::string& name) { return read({{"passphrase_credential", name, 1}}); }

  std::string home_;
  std::vector<std::string> problems_;
};

TEST_F(SecretSourceTest, TheFirstLineOfAFileIsTheSecret) {
  write("a", "in-a-file-1\nand a remark\n");
  write("b", "in-a-file-2\r\n", 0400);
  write("c", "without-an-end");
  EXPECT_EQ(read_file(home_ + "a"), "in-a-file-1");
  EXPECT_EQ(read_file("b"), "in-a-file-2") << "beside the configuration";
  EXPECT_EQ(read_file("c"), "without-an-end");
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_EQ(read({{"passphrase", "in-the-open", 1}}), "in-the-open");
  EXPECT_EQ(read({}), "");
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(SecretSourceTest, AFileThatOthersReadIsRefused) {
  for (const mode_t mode : {0640, 0604, 0660, 0622}) {
    write("open", "hush-hush-hush\n", mode);
    EXPECT_EQ(read_file("open"), "");
    EXPECT_THAT(problems_, ElementsAre(AllOf(HasSubstr("stream.passphrase_file: found " + home_ + "open with mode 06"),
                                             HasSubstr("chmod 600 " + home_ + "open"), Not(HasSubstr("hush-hush")))));
  }
}

TEST_F(SecretSourceTest, WhatStandsWhereStrangersReadIsRefused) {
  const SecretPlaces open{.directory = home_, .file = "relay.toml", .loose_mode = 0644};
  EXPECT_EQ(read({{"passphrase", "hush-hush-hush", 1}}, open), "");
  EXPECT_THAT(problems_, ElementsAre(AllOf(HasSubstr("stream.passphrase: found a secret in a file with mode 0644"),
                                           HasSubstr("chmod 640 relay.toml"), Not(HasSubstr("hush-hush")))));
  write("a", "in-a-file-1\n");
  EXPECT_EQ(read({{"passphrase_file", "a", 1}}, open), "in-a-file-1") << "the file that names it may be read";
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(SecretSourceTest, EachSecretOfAConfigurationThatStrangersReadIsTold) {
  const std::string listen = "[[listen]]\naddress = \"127.0.0.1:9000\"\n";
  const std::string stream = "[[stream]]\nname = \"a\"\n";
  const std::string secret = "\"hush-hush-hush-hush-hush-hush-hush-hush\"\n";
  const auto errors = [&](const std::string& toml, mode_t mode) {
    write("relay.toml", toml, mode);
    const auto config = load_config(home_ + "relay.toml");
    return config ? std::vector<std::string>{} : config.error().lines;
  };
  const std::pair<std::string, std::string> places[] = {
      {stream + "view_passphrase = " + secret, ":5: stream.view_passphrase"},
      {stream + "publish_passphrase = " + secret, ":5: stream.publish_passphrase"},
      {"[[key]]\nstream = \"a\"\ndirection = \"view\"\npassphrase = " + secret, ":6: key.passphrase"},
      {"[[issuer]]\nname = \"i\"\nsecret = " + secret, ":5: issuer.secret"},
      {"[[webhook]]\nname = \"w\"\nurl = \"https://x\"\ntoken = " + secret, ":6: webhook.token"},
      {"[[webhook]]\nname = \"w\"\nurl = \"https://x\"\nsigning_key = " + secret, ":6: webhook.signing_key"},
      {stream + "[[call]]\nstream = \"a\"\nrole = \"viewer\"\nurl = \"srt://h:1\"\npassphrase = " + secret,
       ":9: call.passphrase"},
      {stream + "[[call]]\nstream = \"a\"\nrole = \"viewer\"\nurl = \"srt://h:1?passphrase=hush-hush-hush\"\n",
       ":8: call.url"}};
  for (const auto& [toml, place] : places) {
    for (const mode_t mode : {0644, 0604, 0620, 0602})
      EXPECT_THAT(errors(listen + toml, mode),
                  ElementsAre(AllOf(HasSubstr(place), HasSubstr("a secret in a file with mode 06"),
                                    HasSubstr("chmod 640 " + home_ + "relay.toml"), Not(HasSubstr("hush")))));
    for (const mode_t mode : {0600, 0640, 0400}) EXPECT_THAT(errors(listen + toml, mode), IsEmpty()) << place;
  }
  EXPECT_THAT(errors(listen + stream, 0644), IsEmpty());
}

TEST_F(SecretSourceTest, WhatIsNoFileOfOursIsRefused) {
  EXPECT_EQ(read_file("gone"), "");
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("which cannot be read: No such file or directory, accepted the path")));
  EXPECT_EQ(read_file("."), "");
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("which is no regular file")));
  ASSERT_EQ(mkfifo((home_ + "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_file("pipe"), "") << "and nobody was waited for";
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("which is no regular file")));
  EXPECT_EQ(read_file(""), "");
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("stream.passphrase_file: found an empty path")));
}

TEST_F(SecretSourceTest, AFileOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  write("theirs", "hush-hush-hush\n");
  ASSERT_EQ(chown((home_ + "theirs").c_str(), 4321, 4321), 0);
  EXPECT_EQ(read_file("theirs"), "");
  EXPECT_THAT(problems_, ElementsAre(AllOf(HasSubstr("theirs of user 4321"), HasSubstr("chown it"))));
}

TEST_F(SecretSourceTest, ARelayThatWillBeSomebodyElseMustBeAbleToReadItAgain) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const SecretPlaces places{home_, LaterReader{4321, 4321, "fanlight"}};
  write("key", "hush-hush-hush\n");
  EXPECT_EQ(read({{"passphrase_file", "key", 1}}, places), "");
  EXPECT_THAT(problems_, ElementsAre(AllOf(HasSubstr("key of root, accepted a file of relay.user"),
                                           HasSubstr("chown fanlight " + home_ + "key"))));
  ASSERT_EQ(chown((home_ + "key").c_str(), 4321, 4321), 0);
  EXPECT_EQ(read({{"passphrase_file", "key", 1}}, places), "hush-hush-hush");
}

TEST_F(SecretSourceTest, ALineOfTheWrongLengthIsToldAndNotShown) {
  write("short", "hush\nhush-hush-hush\n");
  EXPECT_EQ(read_file("short"), "");
  EXPECT_THAT(problems_, ElementsAre("stream.passphrase_file: found a first line of 4 bytes in " + home_ +
                                     "short, accepted 10 to 79 bytes"));
  write("long", std::string(80, 'h') + "\n");
  EXPECT_EQ(read_file("long"), "");
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("a first line of more than 79 bytes in")));
  write("full", std::string(79, 'h') + "\r\n");
  EXPECT_EQ(read_file("full").size(), 79u);
  write("empty", "");
  EXPECT_EQ(read_file("empty"), "");
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("a first line of 0 bytes in")));
}

TEST_F(SecretSourceTest, ACredentialIsReadWhereTheServiceManagerPutIt) {
  write("cam", "from-systemd-1\n", 0440);
  setenv("CREDENTIALS_DIRECTORY", home_.substr(0, home_.size() - 1).c_str(), 1);
  EXPECT_EQ(read_credential("cam"), "from-systemd-1") << "the group's bits are an ACL's mask";
  write("cam", "from-systemd-1\n", 0644);
  EXPECT_EQ(read_credential("cam"), "");
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("stream.passphrase_credential: found " + home_ + "cam with mode 0644")));
  for (const char* name : {"../cam", "a/b", "", "."}) {
    EXPECT_EQ(read_credential(name), "") << name;
    EXPECT_THAT(problems_, ElementsAre(HasSubstr("a credential's name, as LoadCredential=NAME:PATH gives it")));
  }
}

TEST_F(SecretSourceTest, WithoutAServiceManagerThereAreNoCredentials) {
  EXPECT_EQ(read_credential("cam"), "");
  EXPECT_THAT(problems_, ElementsAre(AllOf(HasSubstr("found \"cam\", and $CREDENTIALS_DIRECTORY is not set"),
                                           HasSubstr("LoadCredential=cam:PATH"))));
}

TEST_F(SecretSourceTest, OneSecretHasOnePlace) {
  write("a", "in-a-file-1\n");
  EXPECT_EQ(read({{"passphrase", "in-the-open", 1}, {"passphrase_file", "a", 1}}), "");
  EXPECT_THAT(problems_, ElementsAre("stream.passphrase: found 2 places for one secret, accepted one of passphrase, "
                                     "passphrase_file, passphrase_credential"));
}

TEST_F(SecretSourceTest, OverTheApiNoFileIsRead) {
  write("a", "in-a-file-1\n");
  EXPECT_EQ(read({{"passphrase_file", home_ + "a", 1}}, std::nullopt), "");
  EXPECT_THAT(problems_, ElementsAre("stream.passphrase_file: found a place to read, accepted passphrase itself: over "
                                     "the API the relay reads no files"));
  EXPECT_EQ(read({{"passphrase_credential", "a", 1}}, std::nullopt), "");
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("stream.passphrase_credential: found a place to read")));
  EXPECT_EQ(read({{"passphrase", "in-the-body", 1}}, std::nullopt), "in-the-body");
  EXPECT_THAT(problems_, IsEmpty());
}

}  // namespace
}  // namespace fanlight::control
