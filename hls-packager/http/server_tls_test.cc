// Strangers to our code: OpenSSL's client, and nghttp2's.
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "http/certificate.h"
#include "http/server_fixture.h"
#include "http/test_h2_client.h"

namespace fanlight::packager {
namespace {

class TlsClient {
 public:
  TlsClient(const Endpoint& to, std::string_view protocols, int version_max = TLS1_3_VERSION,
            const char* suites = nullptr)
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), socket_(to) {
    SSL_CTX_set_max_proto_version(context_.get(), version_max);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_security_level(context_.get(), 0);
    if (suites != nullptr) SSL_CTX_set_cipher_list(context_.get(), suites);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_.fd());
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
    is_open_ = uninterrupted([&] { return SSL_connect(ssl_.get()); }) == 1;
    ERR_clear_error();
  }
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  [[nodiscard]] std::string suite() const { return SSL_get_cipher_name(ssl_.get()); }
  [[nodiscard]] std::string version() const { return SSL_get_version(ssl_.get()); }
  [[nodiscard]] X509* certificate() const { return SSL_get0_peer_certificate(ssl_.get()); }
  bool say(std::string_view text) {
    return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size());
  }
  // Empty: it has ended.
  std::string hear() {
    std::string text(64 << 10, '\0');
    const int got = uninterrupted([&] { return SSL_read(ssl_.get(), text.data(), static_cast<int>(text.size())); });
    text.resize(static_cast<std::size_t>(std::max(got, 0)));
    return text;
  }
  std::string hear(std::size_t size) {
    std::string all;
    while (all.size() < size) {
      const std::string some = hear();
      if (some.empty()) break;
      all += some;
    }
    return all;
  }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  // As TestClient hears.
  template <class Call>
  static int uninterrupted(Call&& call) {
    int result = 0;
    do {
      errno = 0;
      result = call();
    } while (result < 0 && errno == EINTR);
    return result;
  }
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  TestClient socket_;
  std::unique_ptr<SSL, Free> ssl_;
  bool is_open_ = false;
};

constexpr std::string_view kH1 = "\x08http/1.1";
constexpr std::string_view kBoth = "\x08http/1.1\x02h2";

class ServerTlsTest : public ServerTest {
 protected:
  ServerTlsTest() : folder_(std::filesystem::path(testing::TempDir()) / ("fanlight_tls_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~ServerTlsTest() override {
    stop();
    std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] std::string file(const char* name) const { return folder_ / name; }
  void start_tls(Server::Options options = {}) {
    const Result<Done> made = write_self_signed_certificate(file("cert.pem"), file("key.pem"));
    ASSERT_TRUE(made) << made.error().what;
    Result<std::shared_ptr<TlsContext>> context = TlsContext::open(file("cert.pem"), file("key.pem"));
    ASSERT_TRUE(context) << context.error().what;
    tls_ = *context;
    options.tls = tls_;
    options.listen = {"127.0.0.1:0"};
    options.listen_tls = {"127.0.0.1:0"};
    start(options);
  }
  [[nodiscard]] Endpoint tls_at() const { return server_->addresses().back(); }

  std::filesystem::path folder_;
  std::shared_ptr<TlsContext> tls_;
};

TEST_F(ServerTlsTest, SpeaksHttp1UnderTls) {
  start_tls();
  TlsClient client(tls_at(), kH1);
  ASSERT_TRUE(client.is_open());
  EXPECT_EQ(client.protocol(), "http/1.1");
  EXPECT_EQ(client.version(), "TLSv1.3");
  EXPECT_EQ(client.suite(), "TLS_AES_128_GCM_SHA256");
  for (int i = 0; i < 3; ++i) {
    client.say("GET /a HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_TRUE(client.hear().ends_with("\r\n\r\n/a?"));
  }
  client.say("GET /big HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  EXPECT_GT(client.hear(std::size_t{9} << 20).size(), std::size_t{8} << 20);
  EXPECT_EQ(counts().tls_handshakes.value(), 1U);
}

TEST_F(ServerTlsTest, AgreesOnHttp2) {
  start_tls();
  TlsClient tls(tls_at(), kBoth);
  ASSERT_TRUE(tls.is_open());
  EXPECT_EQ(tls.protocol(), "h2") << "the server's order counts";
  TestH2Client client(1 << 20);
  nghttp2_session_set_local_window_size(client.session(), NGHTTP2_FLAG_NONE, 0, 1 << 20);
  const std::int32_t big = client.get("/big"), small = client.get("/a?1"), later = client.get("/later");
  const std::int32_t stream = client.get("/stream");
  tls.say(client.say());
  ASSERT_TRUE(soon([&] { return counts().requests.value() == 4; }));
  server_->wake();
  while (!client.heard(big).has_ended || !client.heard(later).has_ended || !client.heard(stream).has_ended) {
    const std::string heard = tls.hear();
    ASSERT_FALSE(heard.empty());
    ASSERT_TRUE(client.hear(heard));
    if (const std::string answer = client.say(); !answer.empty()) tls.say(answer);
  }
  EXPECT_EQ(client.heard(small).body, "/a?1");
  EXPECT_EQ(client.heard(later).body, "at last");
  EXPECT_EQ(client.heard(stream).body, "onetwo");
  EXPECT_EQ(client.heard(big).body, std::string(8 << 20, 'b'));
  EXPECT_EQ(counts().connections_h2.value(), 1U);
}

TEST_F(ServerTlsTest, SpeaksHttp2ByPriorKnowledge) {
  start_tls();
  TestClient socket(at());
  TestH2Client client;
  const std::int32_t a = client.get("/a");
  const std::string said = client.say();
  socket.say(said.substr(0, 3));
  usleep(20'000);
  socket.say(said.substr(3));
  while (!client.heard(a).has_ended) {
    const std::string heard = socket.hear_some_text();
    ASSERT_FALSE(heard.empty());
    ASSERT_TRUE(client.hear(heard));
    if (const std::string answer = client.say(); !answer.empty()) socket.say(answer);
  }
  EXPECT_EQ(client.heard(a).body, "/a?");
}

TEST_F(ServerTlsTest, H2WhoLeavesWhileItWaitsIsToldOf) {
  start_tls();
  {
    TestClient socket(at());
    TestH2Client client;
    (void)client.get("/later");
    (void)client.get("/endless");
    socket.say(client.say());
    ASSERT_TRUE(soon([&] { return counts().requests.value() == 2; }));
  }
  EXPECT_TRUE(soon([&] { return handler_->gone() == 2; }));
}

// Until what was asked for has ended, or was reset.
void hear_until_over(TestClient& socket, TestH2Client& client, std::int32_t id) {
  while (!client.heard(id).has_ended && client.heard(id).closed_with < 0) {
    const std::string heard = socket.hear_some_text();
    ASSERT_FALSE(heard.empty());
    ASSERT_TRUE(client.hear(heard));
    if (const std::string answer = client.say(); !answer.empty()) socket.say(answer);
  }
}

TEST_F(ServerTlsTest, H2WhoDoesNotOpenAStreamsWindowLosesThatStreamAlone) {
  Server::Options options;
  options.limits.pace = {.age_max = millis(200), .bytes_per_second_min = 1 << 30};
  start_tls(options);
  TestClient socket(at());
  TestH2Client client(1'000);
  nghttp2_session_set_local_window_size(client.session(), NGHTTP2_FLAG_NONE, 0, 1 << 20);
  const std::int32_t later = client.get("/later"), big = client.get("/big");
  socket.say(client.say());
  // As a player that is paused does it: what is taken makes no more room.
  ASSERT_EQ(nghttp2_session_set_local_window_size(client.session(), NGHTTP2_FLAG_NONE, big, 0), 0);
  hear_until_over(socket, client, big);
  EXPECT_EQ(client.heard(big).closed_with, NGHTTP2_CANCEL);
  EXPECT_EQ(counts().timeouts_stream.value(), 1U);
  EXPECT_EQ(counts().timeouts_slow.value(), 0U);
  server_->wake();
  hear_until_over(socket, client, later);
  EXPECT_EQ(client.heard(later).body, "at last");
}

TEST_F(ServerTlsTest, H2OneAddressHasItsShareOfWhatIsUnderWay) {
  Server::Options options;
  options.limits.requests_per_address_max = 3;
  start_tls(options);
  TestClient socket(at());
  TestH2Client client;
  const std::int32_t first = client.get("/later");
  (void)client.get("/later");
  const std::int32_t left = client.get("/later"), fourth = client.get("/later");
  socket.say(client.say());
  hear_until_over(socket, client, fourth);
  EXPECT_EQ(client.heard(fourth).fields[":status"], "429");
  EXPECT_EQ(client.heard(fourth).fields["retry-after"], "1");
  client.cancel(left);
  const std::int32_t instead = client.get("/a");
  socket.say(client.say());
  hear_until_over(socket, client, instead);
  EXPECT_EQ(client.heard(instead).fields[":status"], "200") << "who leaves makes room";
  server_->wake();
  hear_until_over(socket, client, first);
  EXPECT_EQ(client.heard(first).body, "at last");
  EXPECT_EQ(counts().refused_requests.value(), 1U);
}

TEST_F(ServerTlsTest, H2AHeadThatDoesNotEndIsEnded) {
  Server::Options options;
  options.limits.head_max = millis(150);
  start_tls(options);
  TestClient socket(at());
  TestH2Client client;
  socket.say(client.say());
  // HEADERS of stream 1, which says that CONTINUATION follows.
  socket.say(std::string_view("\0\0\1\1\0\0\0\0\1\x82", 10));
  EXPECT_TRUE(soon([&] { return counts().timeouts_head.value() == 1; }));
}

TEST_F(ServerTlsTest, OldVersionsAndProtocolsAreTurnedDown) {
  start_tls();
  EXPECT_FALSE(TlsClient(tls_at(), kH1, TLS1_1_VERSION).is_open());
  EXPECT_FALSE(TlsClient(tls_at(), "\x06spdy/1").is_open());
  EXPECT_FALSE(TlsClient(tls_at(), kH1, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA").is_open());
  const TlsClient tls12(tls_at(), kBoth, TLS1_2_VERSION);
  EXPECT_TRUE(tls12.is_open());
  EXPECT_EQ(tls12.suite(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_TRUE(soon([&] { return counts().tls_failed.value() == 3; }));
  TestClient plain(tls_at());
  plain.get("/a");
  EXPECT_TRUE(soon([&] { return counts().tls_failed.value() == 4; }));
}

TEST_F(ServerTlsTest, AHandshakeThatDoesNotEndIsEnded) {
  Server::Options options;
  options.limits.head_max = millis(150);
  start_tls(options);
  TestClient client(tls_at());
  client.say("\x16\x03\x01\x02");
  EXPECT_TRUE(client.hears_end());
  EXPECT_EQ(counts().timeouts_head.value(), 1U);
}

TEST_F(ServerTlsTest, ACertificateIsReplacedWhileItRuns) {
  start_tls();
  TlsClient before(tls_at(), kH1);
  ASSERT_TRUE(before.is_open());
  std::filesystem::remove(file("cert.pem"));
  std::filesystem::remove(file("key.pem"));
  EXPECT_FALSE(tls_->reload());
  ASSERT_TRUE(TlsClient(tls_at(), kH1).is_open()) << "a reload that fails changes nothing";
  ASSERT_TRUE(write_self_signed_certificate(file("cert.pem"), file("key.pem")));
  ASSERT_TRUE(tls_->reload());
  const TlsClient after(tls_at(), kH1);
  ASSERT_TRUE(after.is_open());
  EXPECT_NE(X509_cmp(before.certificate(), after.certificate()), 0);
  before.say("GET /a HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_TRUE(before.hear().ends_with("/a?"));
}

TEST_F(ServerTlsTest, ACertificateForLocalhostIsItsOwnersAlone) {
  ASSERT_TRUE(write_self_signed_certificate(file("c.pem"), file("k.pem")));
  for (const char* name : {"c.pem", "k.pem"}) {
    struct stat status {};
    ASSERT_EQ(stat(file(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
  }
  EXPECT_FALSE(write_self_signed_certificate(file("c.pem"), file("k.pem"))) << "nothing is written over";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(std::fopen(file("c.pem").c_str(), "rb"), std::fclose);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_X509(opened.get(), nullptr, nullptr, nullptr),
                                                                X509_free);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(X509_check_host(certificate.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
  EXPECT_NE(X509_check_host(certificate.get(), "example.org", 0, 0, nullptr), 1);
}

TEST_F(ServerTlsTest, ACertificateOfOursIsRenewedAMonthBeforeItsEnd) {
  constexpr long kDay = 86'400;
  const std::string path = file("c.pem");
  for (const auto& [days, is_due] : {std::pair{365, false}, {31, false}, {29, true}, {-1, true}}) {
    ASSERT_TRUE(write_self_signed_certificate(path, file("k.pem"), days * kDay));
    EXPECT_EQ(is_self_signed_to_renew(path), is_due) << days;
    std::filesystem::remove(path);
    std::filesystem::remove(file("k.pem"));
  }
  EXPECT_FALSE(is_self_signed_to_renew(path));
  std::ofstream(path) << "no certificate";
  EXPECT_FALSE(is_self_signed_to_renew(path));
}

TEST_F(ServerTlsTest, OfACertificateThatCannotBeWrittenNothingIsLeft) {
  EXPECT_FALSE(write_self_signed_certificate(file("none/c.pem"), file("k.pem")));
  EXPECT_FALSE(std::filesystem::exists(file("k.pem")));
  EXPECT_TRUE(write_self_signed_certificate(file("c.pem"), file("k.pem")));
}

// A key file, of a kind and under a passphrase where one is given.
void write_key(const std::string& path, EVP_PKEY* made, const char* passphrase = nullptr) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(made, EVP_PKEY_free);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wb"), std::fclose);
  ASSERT_EQ(PEM_write_PKCS8PrivateKey(file.get(), key.get(), passphrase != nullptr ? EVP_aes_128_cbc() : nullptr,
                                      passphrase, passphrase != nullptr ? static_cast<int>(std::strlen(passphrase)) : 0,
                                      nullptr, nullptr),
            1);
}

TEST_F(ServerTlsTest, NobodyIsAskedForAKeysPassphrase) {
  start_tls();
  write_key(file("key.pem"), EVP_EC_gen("P-256"), "a passphrase");
  testing::internal::CaptureStderr();
  const Result<Done> reloaded = tls_->reload();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().what.find("without a passphrase"), std::string::npos) << reloaded.error().what;
  EXPECT_TRUE(TlsClient(tls_at(), kH1).is_open());
}

TEST_F(ServerTlsTest, AKeyOfAnotherKindThanItsCertificateIsRefused) {
  start_tls();
  write_key(file("key.pem"), EVP_RSA_gen(2048));
  const Result<Done> reloaded = tls_->reload();
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().what.find("is not that of the certificate"), std::string::npos) << reloaded.error().what;
  EXPECT_TRUE(TlsClient(tls_at(), kH1).is_open());
}

TEST_F(ServerTlsTest, OfAPipeNobodyWaitsForWhoWritesToIt) {
  start_tls();
  for (const char* name : {"key.pem", "cert.pem"}) {
    std::filesystem::remove(file(name));
    ASSERT_EQ(mkfifo(file(name).c_str(), 0600), 0);
    const Result<Done> reloaded = tls_->reload();
    ASSERT_FALSE(reloaded);
    EXPECT_NE(reloaded.error().what.find(file(name) + " is no regular file but a pipe"), std::string::npos)
        << reloaded.error().what;
    EXPECT_FALSE(TlsContext::open(file("cert.pem"), file("key.pem"))) << name;
  }
  EXPECT_TRUE(TlsClient(tls_at(), kH1).is_open());
}

TEST_F(ServerTlsTest, FilesThatDoNotFitAreNamed) {
  ASSERT_TRUE(write_self_signed_certificate(file("a.pem"), file("ak.pem")));
  ASSERT_TRUE(write_self_signed_certificate(file("b.pem"), file("bk.pem")));
  const auto mixed = TlsContext::open(file("a.pem"), file("bk.pem"));
  ASSERT_FALSE(mixed);
  EXPECT_NE(mixed.error().what.find("bk.pem"), std::string::npos) << mixed.error().what;
  const auto missing = TlsContext::open(file("none.pem"), file("ak.pem"));
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().what.find("none.pem"), std::string::npos) << missing.error().what;
}

}  // namespace
}  // namespace fanlight::packager
