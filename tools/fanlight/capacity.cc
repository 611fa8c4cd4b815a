#include "fanlight/capacity.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "fanlight/tables.h"

namespace fanlight::cli {
namespace {

// The two are installed side by side.
std::string neighbour() {
  std::array<char, 4096> own{};
  if (readlink("/proc/self/exe", own.data(), own.size() - 1) <= 0) return {};
  const std::string path = own.data();
  const std::string beside = path.substr(0, path.rfind('/')) + "/fanlightd";
  return access(beside.c_str(), X_OK) == 0 ? beside : std::string{};
}

std::string short_number(double value) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%g", value);
  return out.data();
}

}  // namespace

std::vector<std::string> arguments_of(const CapacityQuestion& question, bool is_json) {
  std::vector<std::string> arguments{"fanlightd", "--capacity", "--config", question.config};
  for (const double megabits : question.megabits)
    arguments.insert(arguments.end(), {"--bitrate", short_number(megabits)});
  if (question.viewers) arguments.insert(arguments.end(), {"--viewers", std::to_string(*question.viewers)});
  if (question.key_bits) arguments.insert(arguments.end(), {"--encrypted", std::to_string(*question.key_bits)});
  if (is_json) arguments.emplace_back("--json");
  return arguments;
}

int measure_capacity(const CapacityQuestion& question, bool is_json) {
  std::string program = question.fanlightd.empty() ? neighbour() : question.fanlightd;
  if (program.empty()) program = "fanlightd";
  std::vector<std::string> arguments = arguments_of(question, is_json);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execvp(program.c_str(), argv.data());
  std::fprintf(stderr, "fanlight: cannot start %s, which measures: %s; name it with --fanlightd\n",
               printable(program).c_str(), std::strerror(errno));
  return 1;
}

}  // namespace fanlight::cli
