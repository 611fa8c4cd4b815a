// The limit for encrypted viewers: one payload of 1,316 bytes, AES in counter mode with a key for each of N viewers,
// into 1,024 output buffers in turn; by OpenSSL's EVP or by intel-ipsec-mb, sixteen packets at a time. One line of
// JSON.
//   bare_cipher evp|mb 128|256 VIEWERS SECONDS
#include <openssl/evp.h>
#if FANLIGHT_HAS_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>
#include <vector>

constexpr unsigned kPayload = 1316, kBuffers = 1024, kStride = 2048, kAtOnce = 16;

static std::vector<unsigned char> payload(kPayload, 0x47), out(kBuffers*kStride);

static double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

struct Evp {
  std::vector<EVP_CIPHER_CTX*> keys;
  Evp(unsigned bits, unsigned viewers) : keys(viewers) {
    unsigned char key[32] = {};
    for (unsigned i = 0; i < viewers; ++i) {
      std::memcpy(key, &i, sizeof i);
      keys[i] = EVP_CIPHER_CTX_new();
      EVP_EncryptInit_ex(keys[i], bits == 128 ? EVP_aes_128_ctr() : EVP_aes_256_ctr(), nullptr, key, nullptr);
    }
  }
  void seal(unsigned long first) {
    unsigned char iv[16] = {};
    for (unsigned long i = first; i < first + kAtOnce; ++i) {
      std::memcpy(iv + 8, &i, sizeof(int));
      int size = 0;
      EVP_EncryptInit_ex(keys[i % keys.size()], nullptr, nullptr, nullptr, iv);
      EVP_EncryptUpdate(keys[i % keys.size()], &out[i % kBuffers * kStride], &size, payload.data(), kPayload);
    }
  }
};

#if FANLIGHT_HAS_IPSEC_MB
struct Mb {
  struct alignas(16) Schedule {
    unsigned char encrypt[16 * 15], decrypt[16 * 15];
  };
  IMB_MGR* manager = alloc_mb_mgr(0);
  std::vector<Schedule> keys;
  unsigned key_bytes;
  Mb(unsigned bits, unsigned viewers) : keys(viewers), key_bytes(bits / 8) {
    init_mb_mgr_auto(manager, nullptr);
    unsigned char key[32] = {};
    for (unsigned i = 0; i < viewers; ++i) {
      std::memcpy(key, &i, sizeof i);
      (bits == 128 ? manager->keyexp_128 : manager->keyexp_256)(key, keys[i].encrypt, keys[i].decrypt);
    }
  }
  void seal(unsigned long first) {
    static unsigned char ivs[kAtOnce][16];
    IMB_JOB jobs[kAtOnce]{};
    for (unsigned long i = first; i < first + kAtOnce; ++i) {
      std::memcpy(ivs[i - first] + 8, &i, sizeof(int));
      IMB_JOB& job = jobs[i - first];
      job.enc_keys = job.dec_keys = keys[i % keys.size()].encrypt;
      job.key_len_in_bytes = key_bytes;
      job.src = payload.data();
      job.dst = &out[i % kBuffers * kStride];
      job.msg_len_to_cipher_in_bytes = kPayload;
      job.iv = ivs[i - first];
      job.iv_len_in_bytes = 16;
    }
    IMB_SUBMIT_CIPHER_BURST(manager, jobs, kAtOnce, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT,
                            static_cast<IMB_KEY_SIZE_BYTES>(key_bytes));
  }
};
#endif

template <class Cipher>
static int run(Cipher cipher, double seconds) {
  unsigned long packets = 0;
  const double start = now();
  for (; now() < start + seconds; packets += 1024)
    for (unsigned i = 0; i < 1024; i += kAtOnce) cipher.seal(packets + i);
  std::printf("{\"packets\":%lu,\"ns_per_packet\":%.2f}\n", packets,
              (now() - start) * 1e9 / static_cast<double>(packets));
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 5) return std::fputs("usage: bare_cipher evp|mb 128|256 VIEWERS SECONDS\n", stderr), 2;
  const auto bits = static_cast<unsigned>(std::atoi(argv[2])), viewers = static_cast<unsigned>(std::atoi(argv[3]));
  if (argv[1] == std::string_view{"evp"}) return run(Evp(bits, viewers), std::atof(argv[4]));
#if FANLIGHT_HAS_IPSEC_MB
  return run(Mb(bits, viewers), std::atof(argv[4]));
#else
  return std::fputs("bare_cipher was built without intel-ipsec-mb\n", stderr), 1;
#endif
}
