#include "daemon/log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

namespace fanlight::control {
namespace {

class LogWriterTest : public testing::Test {
 protected:
  LogWriterTest() {
    std::signal(SIGPIPE, SIG_IGN);  // As the relay does.
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0);
    writer_.emplace(ends_[1], "whose");
  }
  ~LogWriterTest() override {
    stop_reading();
    writer_.reset();
    for (const int end : ends_)
      if (end >= 0) close(end);
  }
  // More than the pipe holds and than may wait, of lines of 100 bytes; answers how many.
  std::size_t flood() {
    const std::size_t lines = 2 * LogWriter::kWaitingBytesMax / 100;
    for (std::size_t i = 0; i < lines; ++i) {
      std::string line = std::to_string(i);
      line.resize(99, '.');
      line += '\n';
      writer_->add(std::move(line));
    }
    return lines;
  }
  std::string read_until(const std::string& end) {
    std::string text;
    std::array<char, 65'536> some;
    while (!text.ends_with(end)) {
      const ssize_t size = read(ends_[0], some.data(), some.size());
      if (size <= 0) break;
      text.append(some.data(), static_cast<std::size_t>(size));
    }
    return text;
  }
  void stop_reading() {
    if (ends_[0] >= 0) close(std::exchange(ends_[0], -1));
  }

  std::array<int, 2> ends_{-1, -1};
  std::optional<LogWriter> writer_;
};

TEST_F(LogWriterTest, LinesComeInTheirOrder) {
  for (int i = 0; i < 1'000; ++i) writer_->add(std::to_string(i) + "\n");
  const std::string text = read_until("\n999\n");
  EXPECT_TRUE(text.starts_with("0\n1\n2\n3\n"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 1'000);
}

TEST_F(LogWriterTest, NobodyReadsAndNobodyWaitsForHim) {
  const auto before = std::chrono::steady_clock::now();
  flood();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
}

TEST_F(LogWriterTest, WhoReadsAgainHasTheNewestLinesAndHearsWhatWasLost) {
  const std::size_t lines = flood();
  writer_->add("the last one\n");
  const std::string text = read_until("the last one\n");
  // The writer may get on once or twice while the flood lasts: each gap is told where it is.
  const std::string_view kTold = "whose: ";
  std::size_t times_told = 0;
  std::size_t lost = 0;
  for (std::size_t at = text.find(kTold); at != std::string::npos; at = text.find(kTold, at + 1), ++times_told) {
    lost += std::stoull(text.substr(at + kTold.size()));
  }
  EXPECT_GT(times_told, 0U);
  EXPECT_NE(text.find(" lines of the log were lost here"), std::string::npos);
  const auto in_all = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  EXPECT_EQ(in_all - times_told + lost, lines + 1) << "each line, or its loss";
}

TEST_F(LogWriterTest, TheEndWaitsForALateReaderButNotForNone) {
  writer_->add("words\n");
  writer_.reset();
  EXPECT_EQ(read_until("words\n"), "words\n");
  writer_.emplace(ends_[1], "whose");
  flood();
  const auto before = std::chrono::steady_clock::now();
  writer_.reset();
  const auto waited = std::chrono::steady_clock::now() - before;
  EXPECT_GE(waited, std::chrono::milliseconds(900));
  EXPECT_LT(waited, std::chrono::seconds(5));
}

TEST_F(LogWriterTest, ATerminalThatSomebodyMadeNonBlockingLosesNothing) {
  ASSERT_EQ(fcntl(ends_[1], F_SETFL, O_NONBLOCK), 0);
  std::string line(10'000, '.');
  line.back() = '\n';
  for (int i = 0; i < 50; ++i) writer_->add(line);
  writer_->add("end\n");
  EXPECT_EQ(read_until("end\n").size(), 50 * line.size() + 4);
}

}  // namespace
}  // namespace fanlight::control
