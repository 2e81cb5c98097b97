// soliton isa: a program from text or from words, checked, shown, traced.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/isa_files.h"
#include "cluster/cli/isa_listing.h"
#include "cluster/cli/isa_trace.h"
#include "cluster/cli/output.h"
#include "cluster/yaml/files.h"
#include "protocol/isa/assembly.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

constexpr std::size_t kFileLimit = std::size_t{64} << 20;

// ---- files of words ----

struct WordFile {
  std::vector<std::uint32_t> words;
  std::vector<SourcePlace> places;
};

bool is_hex(std::string_view text) {
  return text.size() == 8 && text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
}

// Tokens between blanks, `#` to the end of a line left out.
template <typename Visit>
void each_token(std::string_view text, Visit visit) {
  int number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    line = line.substr(0, line.find('#'));
    ++number;
    for (std::size_t i = line.find_first_not_of(" \t\r"); i != line.npos;) {
      const std::size_t stop = std::min(line.find_first_of(" \t\r", i), line.size());
      visit(line.substr(i, stop - i), SourcePlace{number, static_cast<int>(i) + 1});
      i = line.find_first_not_of(" \t\r", stop);
    }
    at = end + 1;
  }
}

// A file is one of words when its first token is a word.
bool holds_words(std::string_view text) {
  int tokens = 0;
  bool words = false;
  each_token(text, [&](std::string_view token, SourcePlace) {
    if (tokens++ == 0) words = is_hex(token);
  });
  return words;
}

Checked<WordFile> read_words(const std::string& text, const std::string& file) {
  WordFile out;
  Diagnostics problems;
  each_token(text, [&](std::string_view token, SourcePlace place) {
    std::uint32_t word = 0;
    std::from_chars(token.data(), token.data() + token.size(), word, 16);
    if (!is_hex(token))
      problems.add(ErrorCode::kInvalid,
                   fmt::format("{}:{}:{}: \"{}\" is not a word of eight hexadecimal digits", file,
                               place.line, place.column, token));
    out.words.push_back(word);
    out.places.push_back(place);
  });
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  return out;
}

struct IsaOptions {
  bool words = false;
  bool trace = false;
  std::int64_t steps = 1;
  std::vector<std::string> inputs, outputs;  // PORT=FILE.npy

  bool traced() const { return trace || !inputs.empty() || !outputs.empty(); }
};

int show_words(const std::string& text, const CommandLine& line, const IsaOptions& options) {
  const std::string& file = line.inputs.front();
  const Checked<WordFile> words = read_words(text, file);
  if (!words) return report_errors(words.error());
  if (options.traced())
    return report_error({ErrorCode::kInvalid,
                         file + ": words alone cannot be traced: they have no device, weights or "
                                "ports"});
  const Result<Program> program = decode(words->words);
  if (!program) return report_error({program.error().code, file + ": " + program.error().message});
  if (line.json)
    return printed(print_raw(json_text(listing_json(*program), JsonLayout::kIndented) + "\n"));
  return printed(print_lines(options.words ? words_text(*program) : print(*program)));
}

// ---- programs ----

DeviceLookup devices_beside(const std::string& file) {
  return [file](const std::string& name) -> Result<NpuDevice> {
    const std::string folder = resolve_path(data_root().path, "configs/devices");
    const bool path = name.find('/') != std::string::npos || name.ends_with(".yaml");
    const std::vector<std::string> names = yaml_stems(folder);
    if (!path && std::ranges::find(names, name) == names.end()) {
      const std::string nearest = nearest_name(name, names);
      return invalid(fmt::format("no device called \"{}\"{} (soliton list devices)", name,
                                 nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
    }
    const std::string device_file =
        path ? resolve_path(folder_of(file), name) : resolve_path(folder, name + ".yaml");
    const Checked<Device> device = read_device(device_file, data_root());
    if (!device) return tl::unexpected<Error>(device.error().errors.front());
    if (device->kind != Device::Kind::kNpu)
      return invalid(fmt::format("device \"{}\" runs no NPU programs", name));
    return device->npu;
  };
}

std::string shard_json(const Shard& shard, const IsaTrace* trace) {
  Json out{{"node", shard.node}, {"device", shard.device.name}, {"format", shard.format.name}};
  out.update(listing_json(shard.program));
  out["memory"] = memory_json(memory_use(shard));
  if (trace != nullptr) out["trace"] = trace_json(shard, *trace);
  return json_text(out, JsonLayout::kIndented) + "\n";
}

std::string shard_text(const Shard& shard, const IsaTrace* trace) {
  const std::string head = fmt::format(
      "{} on {} in {} · {} chains, {} instruction words\n\n", shard.node, shard.device.name,
      shard.format.name, shard.program.chains.size(), shard.program.instruction_words());
  if (trace != nullptr) return head + trace_text(shard, *trace);
  return fmt::format("{}{}\n{}", head, listing_text(shard.program, shard.matrices),
                     memory_text(memory_use(shard)));
}

int show_program(const std::string& text, const CommandLine& line, const IsaOptions& options) {
  const std::string& file = line.inputs.front();
  const ParsedAssembly parsed = parse_assembly(text, file);
  const bool traced = options.traced();
  const Checked<Shard> shard =
      assemble(parsed, file, devices_beside(file), traced || names_files(parsed.assembly),
               arrays_beside(file));
  if (!shard) return report_errors(shard.error());
  std::optional<IsaTrace> trace;
  if (traced) {
    const Checked<IsaFiles> files = read_isa_files(*shard, options.inputs, options.outputs);
    if (!files) return report_errors(files.error());
    trace = trace_program(*shard, options.steps, line.seed.value_or(1), files->given);
    if (const Status written = write_outputs(*shard, *trace, *files); !written)
      return report_error(written.error());
  }
  const IsaTrace* const shown = trace ? &*trace : nullptr;
  if (options.words && !traced) return printed(print_lines(words_text(shard->program)));
  if (line.json) return printed(print_raw(shard_json(*shard, shown)));
  return line.quiet ? 0 : printed(print_lines(shard_text(*shard, shown)));
}

int isa(const CommandLine& line, const IsaOptions& options) {
  const std::string& file = line.inputs.front();
  const Result<std::string> text = read_text_file(file, kFileLimit);
  if (!text) return report_error(text.error());
  return holds_words(*text) ? show_words(*text, line, options) : show_program(*text, line, options);
}

RunCommand define(OptionSet& options, CommandLine& line) {
  const auto own = std::make_shared<IsaOptions>();
  options.inputs("file", "a .npu program, or its words: eight hexadecimal digits each");
  options.flag("--words", own->words, "only the instruction words, one a line");
  options.flag("--trace", own->trace,
               "runs the program on one NPU with random messages: every chain as it is issued, and "
               "what came out");
  options.number("--steps", "N", own->steps, 1, 1'000'000,
                 "steps of the traced request (default 1)");
  options.number("--seed", "N", line.seed, "seed of the messages (default 1)");
  options.texts("--input", "PORT=FILE.npy", own->inputs,
                "messages of an input port, a row each, in place of random ones; implies --trace");
  options.texts("--output", "PORT=FILE.npy", own->outputs,
                "where the messages of an output port go, a row each; implies --trace");
  return [own](const CommandLine& typed) { return isa(typed, *own); };
}

}  // namespace

const CliCommand kIsaCommand = {
    .name = "isa",
    .what =
        "Assembles and checks an NPU program (docs/isa.md), or disassembles words: instructions, "
        "memory, trace",
    .example = "soliton isa configs/programs/lstm.npu --trace --steps 3",
    .finds_files = true,
    .define = define};

}  // namespace soliton
