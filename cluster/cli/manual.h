// Pages for `man`, made of what the parser knows of the commands (groff_man(7)).
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace soliton {

// soliton.1, from the program's parser.
std::string manual_of_program(const CLI::App& app);
// soliton-NAME.1, from the parser of one of its commands.
std::string manual_of_command(const CLI::App& command, const std::string& example);

}  // namespace soliton
