// The limit for encrypted viewers: one payload of 1,316 bytes, AES in counter mode with a key for each of N viewers,
// into so many output buffers in turn; intel-ipsec-mb and nothing else, sixteen packets at a time. One line of JSON.
//   bare_cipher 128|256 VIEWERS SECONDS BUFFERS
#include <intel-ipsec-mb.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

constexpr unsigned kPayload = 1316, kStride = 2048, kAtOnce = 16;

struct alignas(64) Schedule {
  unsigned char encrypt[16 * 15], decrypt[16 * 15];
};

static double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

int main(int argc, char** argv) {
  if (argc != 5) return std::fputs("usage: bare_cipher 128|256 VIEWERS SECONDS BUFFERS\n", stderr), 2;
  const auto bits = static_cast<unsigned>(std::atoi(argv[1])), viewers = static_cast<unsigned>(std::atoi(argv[2])),
             buffers = static_cast<unsigned>(std::atoi(argv[4]));
  const double seconds = std::atof(argv[3]);
  IMB_MGR* manager = alloc_mb_mgr(0);
  init_mb_mgr_auto(manager, nullptr);
  std::vector<Schedule> keys(viewers);
  for (unsigned i = 0; i < viewers; ++i) {
    unsigned char key[32] = {};
    std::memcpy(key, &i, sizeof i);
    (bits == 128 ? manager->keyexp_128 : manager->keyexp_256)(key, keys[i].encrypt, keys[i].decrypt);
  }
  std::vector<unsigned char> payload(kPayload, 0x47), out(std::size_t{buffers} * kStride);
  alignas(16) static unsigned char ivs[kAtOnce][16];
  static IMB_JOB jobs[kAtOnce];
  for (unsigned i = 0; i < kAtOnce; ++i) {
    jobs[i].key_len_in_bytes = bits / 8;
    jobs[i].src = payload.data();
    jobs[i].msg_len_to_cipher_in_bytes = kPayload;
    jobs[i].iv = ivs[i];
    jobs[i].iv_len_in_bytes = sizeof ivs[i];
    jobs[i].cipher_mode = IMB_CIPHER_CNTR;
    jobs[i].cipher_direction = IMB_DIR_ENCRYPT;
    jobs[i].hash_alg = IMB_AUTH_NULL;
    jobs[i].chain_order = IMB_ORDER_CIPHER_HASH;
  }
  unsigned long packets = 0;
  unsigned viewer = 0, buffer = 0;
  const double start = now();
  for (double end = start; end < start + seconds; end = now())
    for (unsigned batch = 0; batch < 64; ++batch, packets += kAtOnce) {
      for (unsigned i = 0; i < kAtOnce; ++i) {
        const auto number = static_cast<unsigned>(packets + i);
        std::memcpy(ivs[i] + 10, &number, sizeof number);
        jobs[i].enc_keys = keys[viewer].encrypt;
        jobs[i].dst = &out[std::size_t{buffer} * kStride];
        viewer = viewer + 1 == viewers ? 0 : viewer + 1;
        buffer = buffer + 1 == buffers ? 0 : buffer + 1;
      }
      if (IMB_SUBMIT_CIPHER_BURST(manager, jobs, kAtOnce, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT,
                                  static_cast<IMB_KEY_SIZE_BYTES>(bits / 8)) != kAtOnce)
        return std::fputs("the library refused\n", stderr), 1;
    }
  std::printf("{\"packets\":%lu,\"ns_per_packet\":%.2f}\n", packets,
              (now() - start) * 1e9 / static_cast<double>(packets));
  free_mb_mgr(manager);
  return 0;
}
