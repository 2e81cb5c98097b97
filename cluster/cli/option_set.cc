#include <CLI/CLI.hpp>

#include "cluster/cli/command.h"

namespace soliton {

void OptionSet::flag(const char* name, bool& to, const char* what) {
  app_.add_flag(name, to, what);
}

void OptionSet::count(const char* name, int& to, const char* what) {
  app_.add_flag(name, to, what);
}

void OptionSet::text(const char* name, std::string& to, const char* what, const Words& words) {
  CLI::Option* option = app_.add_option(name, to, what);
  if (!words.empty()) option->check(CLI::IsMember(words));
}

void OptionSet::text(const char* name, const char* type, std::string& to, const char* what) {
  app_.add_option(name, to, what)->type_name(type);
}

void OptionSet::text(const char* name, std::string& to, const char* what,
                     std::function<std::string(const std::string&)> refuse) {
  app_.add_option(name, to, what)->check(std::move(refuse));
}

void OptionSet::texts(const char* name, const char* type, std::vector<std::string>& to,
                      const char* what) {
  app_.add_option(name, to, what)->type_name(type)->take_all()->allow_extra_args(false);
}

void OptionSet::number(const char* name, const char* type, std::int64_t& to, std::int64_t least,
                       std::int64_t most, const char* what) {
  app_.add_option(name, to, what)->check(CLI::Range(least, most))->type_name(type);
}

void OptionSet::number(const char* name, const char* type, std::optional<std::uint64_t>& to,
                       const char* what) {
  app_.add_option(name, to, what)->type_name(type);
}

void OptionSet::call(const char* name, const char* type,
                     std::function<void(const std::string&)> take, const char* what) {
  app_.add_option_function<std::string>(name, std::move(take), what)->type_name(type);
}

void OptionSet::argument(const char* name, std::string& to, const char* what, const Words& words) {
  CLI::Option* option = app_.add_option(name, to, what)->required();
  if (!words.empty()) option->check(CLI::IsMember(words));
}

void OptionSet::inputs(const char* name, const char* what) {
  app_.add_option(name, line_.inputs, what)->required();
}

void OptionSet::input_word(const char* name, const char* what, const Words& words) {
  app_.add_option(name, line_.inputs, what)->required()->expected(1)->check(CLI::IsMember(words));
}

void OptionSet::optional_input(const char* name, const char* what) {
  app_.add_option(name, line_.inputs, what)->expected(0, 1);
}

void OptionSet::optional_inputs(const char* name, const char* what) {
  app_.add_option(name, line_.inputs, what)->expected(0, 1 << 20);
}

}  // namespace soliton
