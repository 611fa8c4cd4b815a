#include "io/eal.h"

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_thread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace fanlight::io {
namespace {

// What EAL complained of first: what follows is mostly "so I failed". Written and read by the thread that starts EAL.
struct Complaint {
  std::string line;
  static ssize_t write(void* cookie, const char* text, std::size_t bytes) {
    std::string_view words(text, bytes);
    while (words.ends_with('\n') || words.ends_with('.')) words.remove_suffix(1);
    std::string& line = static_cast<Complaint*>(cookie)->line;
    if (line.empty()) line = words;
    return static_cast<ssize_t>(bytes);
  }
};

bool is_pci_address(const std::string& device) {
  return device.find(':') != std::string::npos && device.find(',') == std::string::npos;
}

std::string mebibytes(std::size_t bytes) { return std::to_string((bytes >> 20) + 1) + " MiB"; }

// What a person can do about EAL's own words; empty when we do not know.
std::string_view advice_for(std::string_view words) {
  struct Row {
    std::string_view sign;
    std::string_view advice;
  };
  constexpr Row kRows[] = {
      {"AF_PACKET socket", "; it needs CAP_NET_RAW: run as root, or grant it"},
      {"SIOCGIFINDEX", "; there is no such interface: `ip link` shows them"},
      {"not permitted", "; run as root, or grant CAP_NET_RAW and CAP_NET_ADMIN"},
      {"failed to parse device", "; neither a driver of DPDK (net_af_packet0,iface=…) nor a PCI address"},
      {"annot init memory", "; lower the streams' bitrate_max or latency_max, or raise the process's memory limits"},
  };
  for (const Row& row : kRows)
    if (words.find(row.sign) != std::string_view::npos) return row.advice;
  return {};
}

// EAL only logs that a device did not come up.
Result<Done> find_devices(const EalOptions& options, const Complaint& complaint) {
  for (const std::string& device : options.devices) {
    const std::string name = device.substr(0, device.find(','));
    std::uint16_t port = 0;
    if (rte_eth_dev_get_port_by_name(name.c_str(), &port) == 0) continue;
    const std::string reason = complaint.line.empty() ? "there is no such device" : complaint.line;
    return Error{ErrorCode::kNoDevice, "The DPDK device \"" + device + "\" did not come up: " + reason +
                                           std::string(advice_for(reason)) + "."};
  }
  return Done{};
}

int first_cpu(const cpu_set_t& cpus) {
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &cpus)) return cpu;
  return 0;
}

bool uses_hugepages(const EalOptions& options) {
  return options.try_hugepages && free_hugepage_bytes() >= options.memory_bytes;
}

std::vector<std::string> arguments_for(const EalOptions& options, int main_cpu) {
  // One thread only: the workers are ours and join with register_worker_thread().
  std::vector<std::string> arguments = {"fanlight",
                                        "--lcores=0@" + std::to_string(main_cpu),
                                        "--no-shconf",
                                        "--no-telemetry",
                                        "--file-prefix=fanlight-" + std::to_string(getpid()),
                                        "--iova-mode=va",
                                        "--log-level=error",
                                        "-m",
                                        std::to_string((options.memory_bytes >> 20) + 1)};
  if (uses_hugepages(options)) {
    arguments.push_back("--in-memory");
    // A virtio-user device hands its memory to the other end as at most eight files.
    arguments.push_back("--single-file-segments");
  } else {
    arguments.push_back("--no-huge");
  }
  const bool has_pci = std::any_of(options.devices.begin(), options.devices.end(), is_pci_address);
  if (!has_pci) arguments.push_back("--no-pci");
  for (const std::string& device : options.devices)
    arguments.push_back((is_pci_address(device) ? "--allow=" : "--vdev=") + device);
  return arguments;
}

// EAL makes it whatever it is told, and would leave it behind. Nobody needs it without shared configuration; the parent
// stays when another DPDK process lives in it.
void remove_runtime_directory() {
  const std::filesystem::path ours = rte_eal_get_runtime_dir();
  if (ours.empty()) return;
  if (rmdir(ours.c_str()) == 0) rmdir(ours.parent_path().c_str());
}

// What asks a process to end waits meanwhile. Threads that are started in here leave these signals to the others for
// ever.
class SignalsWait {
 public:
  SignalsWait() {
    sigset_t ends;
    sigemptyset(&ends);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, number);
    pthread_sigmask(SIG_BLOCK, &ends, &before_);
  }
  ~SignalsWait() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;

 private:
  sigset_t before_{};
};

// While `action` runs, what DPDK logs is a complaint.
template <class Action>
int listen_while(Complaint& complaint, Action&& action) {
  FILE* listener =
      fopencookie(&complaint, "w", {.read = nullptr, .write = Complaint::write, .seek = nullptr, .close = nullptr});
  if (listener != nullptr) {
    setvbuf(listener, nullptr, _IOLBF, 0);
    rte_openlog_stream(listener);
  }
  const int outcome = action();
  rte_openlog_stream(stderr);
  if (listener != nullptr) std::fclose(listener);
  return outcome;
}

int init_with(std::vector<std::string> arguments, Complaint& complaint) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return listen_while(complaint, [&] { return rte_eal_init(static_cast<int>(argv.size()), argv.data()); });
}

}  // namespace

std::size_t free_hugepage_bytes() {
  std::size_t most = 0;
  std::error_code ignored;
  for (const auto& size : std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", ignored)) {
    // hugepages-2048kB
    const std::string name = size.path().filename();
    std::size_t kilobytes = 0;
    std::size_t pages = 0;
    if (std::sscanf(name.c_str(), "hugepages-%zukB", &kilobytes) != 1) continue;
    std::ifstream(size.path() / "free_hugepages") >> pages;
    most = std::max(most, pages * kilobytes * 1024);
  }
  return most;
}

std::size_t available_bytes() {
  std::ifstream meminfo("/proc/meminfo");
  for (std::string line; std::getline(meminfo, line);) {
    std::size_t kilobytes = 0;
    if (std::sscanf(line.c_str(), "MemAvailable: %zu kB", &kilobytes) == 1) return kilobytes * 1024;
  }
  return 0;
}

Result<Done> start_eal(const EalOptions& options) {
  static bool started = false;
  if (started) return Error{ErrorCode::kInUse, "DPDK was started already in this process."};
  // Asked first: EAL would take minutes to find out.
  const std::size_t available = available_bytes();
  if (!uses_hugepages(options) && available != 0 && options.memory_bytes > available) {
    return Error{ErrorCode::kNoMemory, mebibytes(options.memory_bytes) + " of packet memory are needed and " +
                                           mebibytes(available) +
                                           " are available: lower the streams' bitrate_max or latency_max."};
  }
  started = true;

  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  sched_getaffinity(0, sizeof cpus, &cpus);
  Complaint complaint;
  int outcome = 0;
  int reason = 0;
  {
    const SignalsWait until_the_directory_is_gone;
    outcome = init_with(arguments_for(options, first_cpu(cpus)), complaint);
    reason = rte_errno;
    remove_runtime_directory();
  }
  sched_setaffinity(0, sizeof cpus, &cpus);
  if (outcome >= 0) return find_devices(options, complaint);

  const std::string words = complaint.line.empty() ? rte_strerror(reason) : complaint.line;
  const ErrorCode code = reason == EACCES || reason == EPERM ? ErrorCode::kNoRights
                         : options.devices.empty()           ? ErrorCode::kNoMemory
                                                             : ErrorCode::kNoDevice;
  return Error{code, "DPDK did not start with " + mebibytes(options.memory_bytes) + " of packet memory and " +
                         std::to_string(options.devices.size()) + " devices: " + words +
                         std::string(advice_for(words)) + "."};
}

Result<Done> add_device(const std::string& device) {
  Complaint complaint;
  if (listen_while(complaint, [&] { return rte_dev_probe(device.c_str()); }) != 0 && complaint.line.empty())
    complaint.line = "there is no such device";
  return find_devices({.devices = {device}}, complaint);
}

Result<Done> register_worker_thread() {
  // The kernel may otherwise let a sleeping thread oversleep by 50 µs.
  prctl(PR_SET_TIMERSLACK, 1'000UL, 0UL, 0UL, 0UL);
  if (rte_thread_register() == 0) return Done{};
  return Error{ErrorCode::kFailed,
               std::string("DPDK has no room for another worker thread: ") + rte_strerror(rte_errno) + "."};
}

void unregister_worker_thread() { rte_thread_unregister(); }

}  // namespace fanlight::io
