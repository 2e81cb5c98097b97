// soliton completion: what a shell completes, commands and the keys of --set among them.
#include <fmt/format.h>

#include "cluster/cli/commands.h"
#include "cluster/cli/output.h"
#include "cluster/file/cluster_fields.h"
#include "cluster/yaml/field_page.h"

namespace soliton {
namespace {

// Each asks the program itself for what may follow, so it knows what the program knows.
constexpr const char* kBash = R"sh(_soliton() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  COMP_WORDBREAKS=${COMP_WORDBREAKS//=/}
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W "$(soliton completion words)" -- "$cur"))
  elif [ "$prev" = --set ]; then
    compopt -o nospace
    COMPREPLY=($(soliton completion set --typed "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -F _soliton soliton
)sh";
// Read by a shell that starts, or by its search for completions, which runs it as the function of its name.
constexpr const char* kZsh = R"sh(#compdef soliton
_soliton() {
  if (( CURRENT == 2 )); then
    compadd -- ${(f)"$(soliton completion words)"}
  elif [[ ${words[CURRENT-1]} == --set ]]; then
    compadd -S '' -- ${(f)"$(soliton completion set --typed "$PREFIX")"}
  else
    _files
  fi
}
if [[ ${funcstack[1]} == _soliton ]]; then _soliton "$@"; else compdef _soliton soliton; fi
)sh";
constexpr const char* kFish =
    R"sh(complete -c soliton -n __fish_use_subcommand -f -a '(soliton completion words)'
complete -c soliton -l set -x -a '(soliton completion set --typed (commandline -ct))'
)sh";

std::string command_names() {
  std::string out;
  for (const CliCommand* command : kCommands) out += fmt::format("{}\n", command->name);
  return out;
}

std::string set_words(const std::string& typed) {
  std::string out;
  for (const std::string& word : set_completions(kClusterFields, typed)) out += word + "\n";
  return out;
}

RunCommand define(OptionSet& options, CommandLine&) {
  auto typed = std::make_shared<std::string>();
  options.input_word("what", "bash | zsh | fish, or what their scripts ask for: words | set",
                     {"bash", "zsh", "fish", "words", "set"});
  options.text("--typed", "TEXT", *typed, "what has been typed of a --set");
  return [typed](const CommandLine& line) {
    const std::string& what = line.inputs.front();
    const std::string text = what == "bash"    ? kBash
                             : what == "zsh"   ? kZsh
                             : what == "fish"  ? kFish
                             : what == "words" ? command_names()
                                               : set_words(*typed);
    return printed(print_raw(text));
  };
}

}  // namespace

const CliCommand kCompletionCommand = {
    .name = "completion",
    .what = "A script that completes commands and the keys of --set in a shell",
    .example = "source <(soliton completion bash)",
    .define = define};

}  // namespace soliton
