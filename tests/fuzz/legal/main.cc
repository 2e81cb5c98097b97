// legal_extremes: clusters that are legal and extreme, run in every way that must agree.
//
//   legal_extremes [--soliton PATH] [--first SEED] [--cases N | --seconds S] [--keep FOLDER]
//
// Cases are numbered by their seeds, from SEED on. A finding prints its seed, and keeps its file
// and messages below FOLDER. Exit status: 0 without a finding, 1 with one, 2 for a wrong call.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "tests/fuzz/legal/cluster_text.h"
#include "tests/fuzz/legal/try_case.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string soliton = SOLITON_BINARY_DIR "/bin/soliton";
  std::string keep = SOLITON_BINARY_DIR "/found/legal_extremes";
  std::uint64_t first = 1;
  std::uint64_t cases = 0;  // 0: until the time is over
  std::uint64_t seconds = 30;
};

bool parse(int argc, char** argv, Options& out) {
  const std::map<std::string, std::string*> words{{"--soliton", &out.soliton},
                                                  {"--keep", &out.keep}};
  const std::map<std::string, std::uint64_t*> numbers{
      {"--first", &out.first}, {"--cases", &out.cases}, {"--seconds", &out.seconds}};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string value = argv[i + 1];
    if (const auto word = words.find(argv[i]); word != words.end()) {
      *word->second = value;
      continue;
    }
    const auto number = numbers.find(argv[i]);
    if (number == numbers.end()) return false;
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), *number->second);
    if (error != std::errc{} || end != value.data() + value.size()) return false;
  }
  return argc % 2 == 1;
}

// A folder that is empty now and gone at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "soliton-legal-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void keep(const Options& options, std::uint64_t seed, const LegalCase& legal, const Tried& tried) {
  fs::create_directories(options.keep);
  const std::string stem = fmt::format("{}/{}", options.keep, seed);
  std::ofstream(stem + ".yaml") << legal.yaml;
  std::ofstream text(stem + ".txt");
  for (const Finding& finding : tried.findings) {
    fmt::print("seed {}: {}\n", seed, finding.what);
    text << finding.what << '\n' << finding.detail << '\n';
  }
  fmt::print("  kept as {}.yaml\n", stem);
}

int run_cases(const Options& options) {
  const Clock::time_point end = Clock::now() + std::chrono::seconds(options.seconds);
  std::map<int, int> statuses;
  int bad = 0, wall = 0;
  std::uint64_t done = 0;
  for (; options.cases != 0 ? done < options.cases : Clock::now() < end; ++done) {
    const std::uint64_t seed = options.first + done;
    const LegalCase legal = legal_case(seed);
    const Scratch scratch;
    const Tried tried = try_case(legal, {options.soliton, scratch.path()});
    ++statuses[tried.status];
    wall += tried.compared_wall;
    if (tried.findings.empty()) continue;
    ++bad;
    keep(options, seed, legal, tried);
  }
  fmt::print("{} cases from seed {}, {} of them in wall time too, {} with findings;", done,
             options.first, wall, bad);
  for (const auto& [status, count] : statuses) fmt::print(" status {}: {}", status, count);
  fmt::print("\n");
  return bad == 0 ? 0 : 1;
}

}  // namespace
}  // namespace soliton

int main(int argc, char** argv) {
  soliton::Options options;
  if (!soliton::parse(argc, argv, options)) {
    fmt::print(stderr,
               "legal_extremes [--soliton PATH] [--first SEED] [--cases N | --seconds S] "
               "[--keep FOLDER]\n");
    return 2;
  }
  return soliton::run_cases(options);
}
