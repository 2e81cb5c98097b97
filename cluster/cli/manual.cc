#include "cluster/cli/manual.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

namespace soliton {
namespace {

// Text of a page: no line begins a request, and hyphens are those of a command line.
std::string safe(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (out.empty() && (c == '.' || c == '\''))
      out += std::string("\\&") + c;
    else
      out += c;
  }
  return out;
}

std::string head(const std::string& name, const std::string& what) {
  std::string title = "soliton";
  if (!name.empty()) title += "-" + name;
  std::string capitals = title;
  for (char& c : capitals)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return fmt::format(".TH {} 1 \"\" \"Soliton\" \"User commands\"\n.SH NAME\n{} \\- {}\n",
                     safe(capitals), safe(title), safe(what));
}

bool is_argument(const CLI::Option& option) { return !option.nonpositional(); }

// "N", or "virtual|wall" of one that takes words.
std::string type_of(const CLI::Option& option) {
  std::string type = option.get_type_name();
  const std::size_t words = type.find(":{");
  if (words == std::string::npos) return type.substr(0, type.find(':'));
  type = type.substr(words + 2, type.size() - words - 3);
  std::ranges::replace(type, ',', '|');
  return type;
}

std::string options_of(const CLI::App& app) {
  std::string out;
  for (const CLI::Option* option : app.get_options()) {
    const std::string type = type_of(*option);
    std::string names = option->get_name(false, true);
    for (std::size_t at = 0; (at = names.find(',', at)) != std::string::npos; at += 2)
      names.replace(at, 1, ", ");
    out += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", safe(names),
                       type.empty() || is_argument(*option) ? "" : " \\fI" + safe(type) + "\\fR",
                       safe(option->get_description()));
  }
  return out;
}

constexpr const char* kStatus =
    ".SH EXIT STATUS\n"
    ".TP\n\\fB0\\fR\ngood; a planned fault that heals is not a failure\n"
    ".TP\n\\fB1\\fR\na check failed: wrong output, missed SLA\n"
    ".TP\n\\fB2\\fR\nbad usage or input\n"
    ".TP\n\\fB3\\fR\nthe model does not fit the memories\n"
    ".TP\n\\fB4\\fR\nthe cluster broke and did not recover\n"
    ".TP\n\\fB5\\fR\nno progress, or out of time\n"
    ".TP\n\\fB6\\fR\nresults could not be written\n"
    ".TP\n\\fB7\\fR\nthis machine is short of something\n"
    ".TP\n\\fB70\\fR\na bug: an internal assertion\n"
    ".TP\n\\fB130\\fR, \\fB143\\fR\ninterrupted by INT; by TERM or HUP\n";

}  // namespace

std::string manual_of_program(const CLI::App& app) {
  std::string out = head("", app.get_description());
  out +=
      ".SH SYNOPSIS\n\\fBsoliton\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] \\fIFILE\\fR…\n.SH "
      "COMMANDS\n";
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    out += fmt::format(".TP\n\\fBsoliton\\-{}\\fR(1)\n{}\n", safe(command->get_name()),
                       safe(command->get_description()));
  out += ".SH OPTIONS\n" + options_of(app) + kStatus;
  return out +
         ".SH FILES\n.TP\n\\fIPREFIX/share/soliton\\fR\nclusters, devices, topologies and "
         "experiments "
         "that come with the program\n.TP\n\\fIPREFIX/share/doc/soliton\\fR\nthe pages\n";
}

std::string manual_of_command(const CLI::App& command, const std::string& example) {
  const std::string name = command.get_name();
  std::string out = head(name, command.get_description());
  out += fmt::format(".SH SYNOPSIS\n\\fBsoliton {}\\fR [\\fIOPTIONS\\fR]", safe(name));
  for (const CLI::Option* option : command.get_options())
    if (is_argument(*option)) out += " \\fI" + safe(option->get_name(true)) + "\\fR";
  out += "\n.SH OPTIONS\n" + options_of(command);
  if (!example.empty()) {
    out += ".SH EXAMPLE\n.nf\n";
    for (std::size_t at = 0, end = 0; at <= example.size(); at = end + 1) {
      end = std::min(example.find('\n', at), example.size());
      const std::string line = example.substr(at, end - at);
      out += safe(line.substr(std::min(line.find_first_not_of(' '), line.size()))) + "\n";
    }
    out += ".fi\n";
  }
  return out + ".SH SEE ALSO\n\\fBsoliton\\fR(1)\n";
}

}  // namespace soliton
