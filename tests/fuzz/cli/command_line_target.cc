// Any words as a command line: it is parsed, or ends with status 0 or 2, and says so.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cluster/cli/command.h"
#include "protocol/base/check.h"
#include "tests/fuzz/bytes.h"

namespace soliton {
namespace {

struct Own {
  bool flag = false;
  std::int64_t number = 3;
  std::string word, text;
  std::vector<std::string> texts;
};

RunCommand define_run(OptionSet& options, CommandLine&) {
  const auto own = std::make_shared<Own>();
  options.inputs("file", "cluster file");
  options.flag("--flag", own->flag, "a flag");
  options.number("--number", "N", own->number, 1, 60, "a number");
  options.text("--word", own->word, "one of two", {"this", "that"});
  options.text("--text", "TEXT", own->text, "any text");
  options.texts("--texts", "TEXT", own->texts, "any texts");
  return [own](const CommandLine&) {
    SOLITON_CHECK(own->number >= 1 && own->number <= 60);
    SOLITON_CHECK(own->word.empty() || own->word == "this" || own->word == "that");
    return 0;
  };
}

RunCommand define_list(OptionSet& options, CommandLine&) {
  options.input_word("what", "what to list", {"devices", "faults"});
  return [](const CommandLine&) { return 0; };
}

const CliCommand kRun = {.name = "run",
                         .what = "Runs",
                         .example = "soliton run a.yaml",
                         .takes_cluster = true,
                         .out = "where to",
                         .define = define_run};
const CliCommand kList = {.name = "list", .what = "Lists", .define = define_list};
constexpr const CliCommand* kCommands[] = {&kRun, &kList};

// What is printed meanwhile is lost: a fuzzer has better things to show.
class Silence {
 public:
  Silence() {
    for (const int stream : {1, 2}) before_.push_back(dup(stream));
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (const int stream : {1, 2}) dup2(nowhere, stream);
    close(nowhere);
  }
  ~Silence() {
    std::fflush(stdout);
    for (const int stream : {1, 2}) {
      dup2(before_[static_cast<std::size_t>(stream) - 1], stream);
      close(before_[static_cast<std::size_t>(stream) - 1]);
    }
  }

 private:
  std::vector<int> before_;
};

void parse(FuzzBytes in) {
  std::vector<std::string> words{"soliton"};
  // A word of a command line ends with a zero.
  const std::string text = in.text(4'000);
  for (std::size_t at = 0; at <= text.size() && words.size() < 40;) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  ParsedCommand parsed;
  std::optional<int> status;
  {
    const Silence silence;
    status = parse_command_line(kCommands, {"local"}, static_cast<int>(pointers.size()),
                                pointers.data(), parsed);
  }
  if (status) {
    SOLITON_CHECK_MSG(*status == 0 || *status == 2, "status {}", *status);
    return;
  }
  SOLITON_CHECK(parsed.command != nullptr && parsed.run(parsed.line) == 0);
  static_cast<void>(parsed.line.overrides());
}

}  // namespace
}  // namespace soliton

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  soliton::parse({data, size});
  return 0;
}
