// The least there is over io_uring: as serve_bare() over epoll, with accepts and receives that go on by themselves and
// sends that are handed over a batch at a time.
#include <liburing.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "base/check.h"
#include "http/http_servers.h"
#include "http/sockets.h"

namespace fanlight::packager {
namespace {

constexpr unsigned kEntries = 4'096, kBuffers = 1'024, kBufferBytes = 2'048;
constexpr int kGroup = 0;
constexpr std::uint64_t kAccept = 1, kReceive = 2, kSend = 3;  // In the low bits of what an entry is known by.

class UringLoop {
 public:
  UringLoop(const Descriptor& listener, msghdr answer, std::size_t answer_bytes)
      : answer_(answer), answer_bytes_(answer_bytes), buffers_(std::size_t{kBuffers} * kBufferBytes) {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    params.cq_entries = 4 * kEntries;
    CHECK(io_uring_queue_init_params(kEntries, &ring_, &params) == 0);
    io_uring_buf_reg registration{};
    void* memory = nullptr;
    CHECK(posix_memalign(&memory, 4'096, kBuffers * sizeof(io_uring_buf)) == 0);
    shared_ = static_cast<io_uring_buf_ring*>(memory);
    registration.ring_addr = reinterpret_cast<std::uint64_t>(shared_);
    registration.ring_entries = kBuffers;
    registration.bgid = kGroup;
    CHECK(io_uring_register_buf_ring(&ring_, &registration, 0) == 0);
    io_uring_buf_ring_init(shared_);
    for (unsigned i = 0; i < kBuffers; ++i) give_back(i);
    io_uring_sqe* const entry = next();
    io_uring_prep_multishot_accept(entry, listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
    name(entry, kAccept, 0);
  }
  ~UringLoop() {
    io_uring_queue_exit(&ring_);
    std::free(shared_);
  }
  UringLoop(const UringLoop&) = delete;
  UringLoop& operator=(const UringLoop&) = delete;

  void turn() {
    io_uring_cqe* first = nullptr;
    __kernel_timespec at_most{.tv_sec = 0, .tv_nsec = 50'000'000};
    (void)io_uring_submit_and_wait_timeout(&ring_, &first, 1, &at_most, nullptr);
    unsigned head = 0, count = 0;
    io_uring_cqe* one = nullptr;
    io_uring_for_each_cqe(&ring_, head, one) {
      ++count;
      take(*one);
    }
    io_uring_cq_advance(&ring_, count);
  }
  [[nodiscard]] std::uint64_t answered() const { return answered_; }

 private:
  io_uring_sqe* next() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry != nullptr) return entry;
    io_uring_submit(&ring_);
    entry = io_uring_get_sqe(&ring_);
    CHECK(entry != nullptr);
    return entry;
  }
  // After its preparation, which forgets it.
  static void name(io_uring_sqe* entry, std::uint64_t what, int fd) {
    io_uring_sqe_set_data64(entry, static_cast<std::uint64_t>(fd) << 2 | what);
  }
  void receive_on(int fd) {
    io_uring_sqe* const entry = next();
    io_uring_prep_recv_multishot(entry, fd, nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = kGroup;
    name(entry, kReceive, fd);
  }
  void give_back(unsigned buffer) {
    io_uring_buf_ring_add(shared_, buffers_.data() + std::size_t{buffer} * kBufferBytes, kBufferBytes,
                          static_cast<unsigned short>(buffer), io_uring_buf_ring_mask(kBuffers), 0);
    io_uring_buf_ring_advance(shared_, 1);
  }
  void take(const io_uring_cqe& news) {
    const int fd = static_cast<int>(news.user_data >> 2);
    if ((news.user_data & 3) == kSend) CHECK(news.res == static_cast<int>(answer_bytes_));
    if ((news.user_data & 3) == kAccept && news.res >= 0) {
      open_.emplace_back(news.res);
      receive_on(news.res);
    }
    if ((news.user_data & 3) == kReceive) hear(fd, news);
  }
  void hear(int fd, const io_uring_cqe& news) {
    if (news.res <= 0) return;
    const unsigned buffer = news.flags >> IORING_CQE_BUFFER_SHIFT;
    const char* const text = buffers_.data() + std::size_t{buffer} * kBufferBytes;
    CHECK(memmem(text, static_cast<std::size_t>(news.res), "\r\n\r\n", 4) != nullptr);
    give_back(buffer);
    if ((news.flags & IORING_CQE_F_MORE) == 0) receive_on(fd);
    io_uring_sqe* const entry = next();
    io_uring_prep_sendmsg(entry, fd, &answer_, MSG_NOSIGNAL | MSG_WAITALL);
    name(entry, kSend, fd);
    ++answered_;
  }

  msghdr answer_;
  std::size_t answer_bytes_;
  std::vector<char> buffers_;
  io_uring ring_{};
  io_uring_buf_ring* shared_ = nullptr;
  std::vector<Descriptor> open_;
  std::uint64_t answered_ = 0;
};

}  // namespace

std::uint64_t serve_uring(const SharedBytes& body, std::atomic<std::uint16_t>& port, const std::atomic<bool>& stop) {
  const std::string head = head_of(body.size());
  Result<Descriptor> listener = open_listener({IpAddress::v4(127, 0, 0, 1), 0});
  CHECK(listener);
  std::array<iovec, 2> pieces = {
      {{const_cast<char*>(head.data()), head.size()}, {const_cast<std::byte*>(body.span().data()), body.size()}}};
  msghdr answer{};
  answer.msg_iov = pieces.data();
  answer.msg_iovlen = pieces.size();
  UringLoop loop(*listener, answer, head.size() + body.size());
  port = local_address(*listener).port;
  while (!stop) loop.turn();
  return loop.answered();
}

}  // namespace fanlight::packager
