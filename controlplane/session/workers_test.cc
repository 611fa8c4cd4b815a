// The desk with several workers: who hears what.
#include "session/desk_fixture.h"

namespace fanlight::control {
namespace {

class WorkersTest : public DeskTest {
 protected:
  static std::size_t count_of(const std::vector<Command>& commands, std::size_t kind) {
    return static_cast<std::size_t>(
        std::count_if(commands.begin(), commands.end(), [&](const Command& c) { return c.index() == kind; }));
  }
  // Expects that worker `worker` and nobody else opens it.
  command::OpenSession let_in_on(std::size_t worker, const Caller& caller, std::size_t landed) {
    call(caller, landed);
    for (std::size_t other = 0; other < desk().workers(); ++other) {
      if (other == worker) continue;
      std::vector<Command> commands = take_commands_of(other);
      EXPECT_EQ(find<command::OpenSession>(commands), nullptr) << caller.stream_id;
    }
    std::vector<Command> commands = take_commands_of(worker);
    auto* opening = find<command::OpenSession>(commands);
    EXPECT_NE(opening, nullptr) << caller.stream_id;
    return opening == nullptr ? command::OpenSession{} : std::move(*opening);
  }
  void opened_on(std::size_t worker, const command::OpenSession& opening, std::uint32_t socket) {
    desk().handle_event(now_, event::SessionOpened{opening.request, SocketId{socket}}, worker);
  }
  void closed_on(std::size_t worker, const command::OpenSession& opening) {
    event::SessionClosed event;
    event.request = opening.request;
    desk().handle_event(now_, std::move(event), worker);
  }
  // Viewers enough for the next one to land elsewhere.
  void crowd(std::size_t landed) {
    for (std::uint32_t i = 0; i < 19; ++i) let_in_on(landed, viewer("live/main", 500 + i), landed);
  }
};

TEST_F(WorkersTest, AStreamIsOnAllOfThemAndRetiresWhenAllHaveGivenItBack) {
  begin({rule("live/main")}, 3);
  EXPECT_EQ(streams_.out.size(), 3u);
  const std::vector<Stream*> tokens(streams_.out.begin(), streams_.out.end());
  ASSERT_TRUE(desk().remove_stream("live/main").has_value());
  for (std::size_t worker = 0; worker < 3; ++worker) {
    std::vector<Command> commands = take_commands_of(worker);
    ASSERT_NE(find<command::RemoveStream>(commands), nullptr);
  }
  for (std::size_t worker = 0; worker < 2; ++worker) {
    desk().handle_event(now_, event::StreamRetired{StreamIndex{0}, tokens[worker]}, worker);
    --held_;
  }
  ASSERT_TRUE(desk().add_stream(rule("live/other")).has_value());
  std::vector<Command> commands = take_commands();
  EXPECT_EQ(find<command::AddStream>(commands)->index, StreamIndex{1}) << "worker 2 still has the old one under 0";
  desk().handle_event(now_, event::StreamRetired{StreamIndex{0}, tokens[2]}, 2);
  --held_;
  ASSERT_TRUE(desk().add_stream(rule("live/third")).has_value());
  commands = take_commands();
  EXPECT_EQ(find<command::AddStream>(commands)->index, StreamIndex{0});
}

// FEC is opened beside its media, and has numbers as destinations have: which worker is next, their media say alone.
TEST_F(WorkersTest, DestinationsWithFecAreSpreadAsOthersAre) {
  begin({rule("live/main")}, 3);
  std::vector<std::size_t> sessions(3);
  for (const char* host : {"198.51.100.1", "198.51.100.2", "198.51.100.3"}) {
    DestinationRule rule = *parse_destination_url("rtp://" + std::string{host} + ":5004?fec=1");
    rule.stream = "live/main";
    ASSERT_TRUE(desk().add_destination(now_, rule));
    for (int part = 0; part < 2; ++part) {  // Media, then FEC.
      wait({});
      for (std::size_t worker = 0; worker < 3; ++worker)
        for (const Command& one : take_commands_of(worker))
          if (const auto* opening = std::get_if<command::OpenDestination>(&one)) {
            ++sessions[worker];
            const SocketId socket{static_cast<std::uint32_t>(opening->request.raw())};
            desk().handle_event(now_, event::SessionOpened{opening->request, socket}, worker);
          }
    }
  }
  EXPECT_EQ(sessions, (std::vector<std::size_t>{3, 3, 3}));
}

// The first packets of a new stream's publisher go to all workers at once.
TEST_F(WorkersTest, NoSessionOpensBeforeAllWorkersWereToldOfTheStream) {
  begin({rule("live/*")}, 3);
  call(publisher("live/new"), 1);
  std::vector<Command> first = take_commands_of(1);
  EXPECT_NE(find<command::AddStream>(first), nullptr);
  EXPECT_EQ(find<command::OpenSession>(first), nullptr);
  EXPECT_TRUE(desk().has_commands(1));
  EXPECT_EQ(take_commands_of(0).size(), 1u);
  EXPECT_EQ(desk().peek_command(1), nullptr) << "worker 2 does not know it";
  EXPECT_EQ(take_commands_of(2).size(), 1u);
  std::vector<Command> then = take_commands_of(1);
  EXPECT_NE(find<command::OpenSession>(then), nullptr);
}

// Three publishers in one turn of the loop: the second stream's command stands behind the first one's session.
TEST_F(WorkersTest, SessionsDoNotWaitForStreamsThatStandBehindThem) {
  for (const std::size_t workers : {1u, 2u}) {
    begin({rule("live/*")}, workers);
    for (const std::uint32_t n : {1u, 2u, 3u}) call(publisher("live/" + std::to_string(n), n), 0);
    static_cast<void>(take_commands());
    for (std::size_t worker = 0; worker < workers; ++worker) EXPECT_FALSE(desk().has_commands(worker)) << worker;
  }
}

TEST_F(WorkersTest, ASessionOpensWhereItsCallerLanded) {
  begin({rule("live/main")}, 2);
  let_in_on(1, publisher("live/main"), 1);
  let_in_on(0, viewer("live/main"), 0);
}

TEST_F(WorkersTest, OneThatOpensElsewhereIsForgottenWhereItLanded) {
  begin({rule("live/main")}, 2);
  crowd(0);
  call(viewer("live/main"), 0);
  const std::vector<Command> landed = take_commands_of(0);
  ASSERT_EQ(landed.size(), 1u);
  ASSERT_TRUE(std::holds_alternative<command::ForgetCaller>(landed[0]));
  EXPECT_EQ(std::get<command::ForgetCaller>(landed[0]).peer, SocketId{77});
  std::vector<Command> elsewhere = take_commands_of(1);
  EXPECT_NE(find<command::OpenSession>(elsewhere), nullptr);
}

TEST_F(WorkersTest, ACopyOfItsConclusionIsAnsweredByTheWorkerThatHasIt) {
  begin({rule("live/main")}, 2);
  crowd(0);
  const command::OpenSession opening = let_in_on(1, viewer("live/main"), 0);
  call(viewer("live/main"), 0);
  EXPECT_EQ(take_commands_of(1).size(), 0u) << "it is on its way to being opened: that will be its answer";
  EXPECT_EQ(take_commands_of(0).size(), 1u);
  opened_on(1, opening, 0x0100'0009);
  call(viewer("live/main"), 0);
  std::vector<Command> commands = take_commands_of(1);
  ASSERT_NE(find<command::RepeatResponse>(commands), nullptr);
  EXPECT_EQ(find<command::RepeatResponse>(commands)->socket, SocketId{0x0100'0009});
  EXPECT_EQ(count_of(commands, Command{command::OpenSession{}}.index()), 0u);
}

TEST_F(WorkersTest, TwoPublishersOnTwoWorkersDoNotBothWin) {
  begin({rule("live/main")}, 2);
  const command::OpenSession first = let_in_on(0, publisher("live/main", 88), 0);
  call(publisher("live/main", 89), 1);
  std::vector<Command> commands = take_commands_of(1);
  ASSERT_NE(find<command::SendReply>(commands), nullptr);
  EXPECT_EQ(read_answer(*find<command::SendReply>(commands)).handshake.request,
            static_cast<std::int32_t>(wire::Reject::kConflict));
  closed_on(0, first);
  let_in_on(1, publisher("live/main", 90), 1);
}

TEST_F(WorkersTest, AKickedPublisherKeepsItsPlaceUntilItsWorkerLetGo) {
  begin({rule("live/main")}, 2);
  const command::OpenSession first = let_in_on(0, publisher("live/main", 88), 0);
  opened_on(0, first, 0x0000'0105);
  ASSERT_TRUE(desk().kick(SocketId{0x0000'0105}).has_value());
  std::vector<Command> commands = take_commands_of(0);
  EXPECT_NE(find<command::CloseSession>(commands), nullptr);
  EXPECT_EQ(take_commands_of(1).size(), 0u);
  call(publisher("live/main", 89), 1);
  commands = take_commands_of(1);
  EXPECT_NE(find<command::SendReply>(commands), nullptr);
  closed_on(0, first);
  let_in_on(1, publisher("live/main", 90), 1);
}

TEST_F(WorkersTest, AReportIsWholeWhenAllHaveAnswered) {
  begin({rule("live/main")}, 2);
  const std::uint64_t ticket = desk().ask_report(SocketId{});
  EXPECT_EQ(take_commands().size(), 2u);
  event::StreamReport report{.ticket = ticket, .stream = StreamIndex{0}, .viewers = 3, .packets = 100};
  desk().handle_event(now_, report, 0);
  desk().handle_event(now_, event::ReportEnd{ticket}, 0);
  EXPECT_FALSE(desk().take_report(ticket).has_value());
  report = {.ticket = ticket, .stream = StreamIndex{0}, .has_publisher = true, .viewers = 4, .packets = 101};
  desk().handle_event(now_, report, 1);
  desk().handle_event(now_, event::ReportEnd{ticket}, 1);
  const std::optional<Report> whole = desk().take_report(ticket);
  ASSERT_TRUE(whole.has_value());
  ASSERT_EQ(whole->streams.size(), 1u);
  EXPECT_TRUE(whole->streams[0].report.has_publisher);
  EXPECT_EQ(whole->streams[0].report.viewers, 7u);
  EXPECT_EQ(whole->streams[0].report.packets, 101u) << "each has all packets of the stream";
}

TEST_F(WorkersTest, TheDeskHasStoppedWhenAllHave) {
  begin({}, 2);
  desk().stop();
  EXPECT_EQ(take_commands().size(), 2u);
  desk().handle_event(now_, event::Stopped{}, 0);
  EXPECT_FALSE(desk().is_stopped());
  desk().handle_event(now_, event::Stopped{}, 1);
  EXPECT_TRUE(desk().is_stopped());
}

}  // namespace
}  // namespace fanlight::control
