// The program's surroundings: its data files, its node program, its terminal.
#pragma once

#include <cstdio>
#include <string>

#include "cluster/file/spec.h"

namespace soliton {

// The folder with configs/ and topologies/: SOLITON_DATA if set, else share/soliton beside the bin/
// of this program (in a build folder, a link to the source tree).
DataRoot data_root();
// soliton-node in the folder of this program.
std::string node_program();
// peers/ beside the folder of this program: the libraries that `soliton bench` compares with, if
// they were built.
std::string peers_folder();

bool colours_wanted(std::FILE* stream);  // a terminal, and NO_COLOR unset

}  // namespace soliton
