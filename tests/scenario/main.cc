#include <cstdio>
#include <exception>
#include <fstream>

#include "runner.h"

int main(int argc, char** argv) {
  using namespace fanlight::scenario;
  int failed = argc < 2 ? 1 : 0;
  for (int i = 1; i < argc; ++i) {
    try {
      std::ifstream file(argv[i]);
      if (!file) throw std::runtime_error("cannot be read");
      const Script script = parse(file);
      const auto subject = make_subject(script);
      if (const std::string why = play(script, *subject); !why.empty()) throw std::runtime_error(why);
    } catch (const std::exception& why) {
      std::printf("%s: %s\n", argv[i], why.what());
      ++failed;
    }
  }
  return failed == 0 ? 0 : 1;
}
