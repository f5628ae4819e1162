// Runs a fuzz target without libFuzzer, so that every compiler can: first the whole corpus, then mutations of it until the time is
// over. In: fuzz_x [--seconds N] [--seed S] FILE... (.jsonl, .txt: each line is an input; else the whole file). Out: exit code 0, the
// number of inputs on stdout; a crash leaves its input in fuzz-crash-<seed> in the working directory. Blind, without coverage: what
// it lacks in cunning it gains in being run with every `make test`.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kMaxBytes = 1 << 16;
constexpr const char* kPieces[] = {"null",
                                   "true",
                                   "1e999",
                                   "-1e-400",
                                   "NaN",
                                   "0.1",
                                   "9223372036854775808",
                                   "-0",
                                   "1e",
                                   "\"",
                                   "\\u0000",
                                   "\\ud800",
                                   "{",
                                   "}",
                                   "[",
                                   "]",
                                   ",",
                                   ":",
                                   "\"price\":",
                                   "\"timestamp\":",
                                   "\"coin_id\":\"x\"",
                                   "\xff",
                                   "\xf0\x9f\x98\x80",
                                   "\n",
                                   "\r",
                                   " ",
                                   "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                                   "00000000000000000000000000000000000000000000"};

std::string current;  // for the crash handler
unsigned long seed = 1;

void OnCrash(int signal) {
  std::string name = "fuzz-crash-" + std::to_string(seed);
  if (std::FILE* file = std::fopen(name.c_str(), "wb")) {
    std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void Run(std::string input) {
  current = std::move(input);
  // A copy of exactly its size, so that a sanitizer sees a read beyond the end.
  std::vector<std::uint8_t> bytes(current.begin(), current.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

void AddFile(const std::filesystem::path& path, std::vector<std::string>& corpus) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read the corpus: path=%s\n", path.c_str());
    std::exit(2);
  }
  if (path.extension() == ".jsonl" || path.extension() == ".txt") {
    for (std::string line; std::getline(file, line);) corpus.push_back(line);
  } else {
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& corpus, unsigned long seed) : corpus_(corpus), draw_(seed) {}

  std::string Next() {
    std::string input = corpus_[Below(corpus_.size())];
    for (std::size_t times = 1 + Below(6); times > 0; --times) Change(input);
    input.resize(std::min(input.size(), kMaxBytes));
    return input;
  }

 private:
  std::size_t Below(std::size_t end) { return end == 0 ? 0 : draw_() % end; }

  void Change(std::string& input) {
    std::size_t at = Below(input.size() + 1), length = Below(std::min<std::size_t>(input.size() - at, 64) + 1);
    switch (Below(7)) {
      case 0: input.erase(at, length); break;
      case 1: input.insert(at, kPieces[Below(std::size(kPieces))]); break;
      case 2: input.replace(at, length, kPieces[Below(std::size(kPieces))]); break;
      case 3: input.insert(at, input.substr(at, length)); break;
      case 4: input.insert(at, 1, static_cast<char>(draw_())); break;
      case 5:
        if (at < input.size()) input[at] ^= static_cast<char>(1 << Below(8));
        break;
      default: {
        const std::string& other = corpus_[Below(corpus_.size())];
        std::size_t from = Below(other.size() + 1);
        input.replace(at, length, other.substr(from, Below(64)));
      }
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 draw_;
};

}  // namespace

int main(int argc, char** argv) {
  double seconds = 0;
  std::vector<std::string> corpus;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
      seconds = std::atof(argv[++i]);
    else if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
      seed = std::strtoul(argv[++i], nullptr, 10);
    else
      AddFile(argv[i], corpus);
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "no corpus\n");
    return 2;
  }
  for (int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) ::signal(signal, OnCrash);
  for (const std::string& input : corpus) Run(input);
  Mutator mutator(corpus, seed);
  long count = static_cast<long>(corpus.size());
  auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (; std::chrono::steady_clock::now() < end; ++count) Run(mutator.Next());
  std::printf("%ld\n", count);
}
