#include "fanlight/capacity.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "fanlight/tables.h"

namespace fanlight::cli {
namespace {

// As they are installed, and as the build leaves them.
constexpr std::array kPlaces = {"/fanlightd", "/../../controlplane/fanlightd"};

std::string own_folder() {
  std::array<char, 4096> own{};
  if (readlink("/proc/self/exe", own.data(), own.size() - 1) <= 0) return {};
  const std::string path = own.data();
  return path.substr(0, path.rfind('/'));
}

// Why there is none, and what to do.
void tell_missing(const std::string& program, const CapacityQuestion& question, int reason) {
  const bool was_found = program.find('/') != std::string::npos;
  std::string looked;
  if (!was_found) looked = " (neither beside this program nor on the PATH)";
  std::fprintf(stderr, "fanlight: cannot start %s, which measures: %s%s; %s\n", printable(program).c_str(),
               std::strerror(reason), looked.c_str(),
               question.fanlightd.empty() ? "install it beside fanlight, or name it with --fanlightd"
                                          : "name another with --fanlightd");
}

std::string short_number(double value) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%g", value);
  return out.data();
}

}  // namespace

std::string find_fanlightd(const std::string& folder) {
  for (const char* place : kPlaces)
    if (const std::string path = folder + place; access(path.c_str(), X_OK) == 0) return path;
  return "fanlightd";
}

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
  const std::string program = question.fanlightd.empty() ? find_fanlightd(own_folder()) : question.fanlightd;
  std::vector<std::string> arguments = arguments_of(question, is_json);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execvp(program.c_str(), argv.data());
  tell_missing(program, question, errno);
  return 1;
}

}  // namespace fanlight::cli
