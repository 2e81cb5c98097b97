// What the program finds around itself: its data files, its node program, its terminal.
#pragma once

#include <cstdio>
#include <string>

#include "cluster/file/spec.h"

namespace soliton {

// The folder with configs/ and topologies/: SOLITON_DATA, or share/soliton beside the bin/ of this
// program; in a build folder that leads to the source tree.
DataRoot data_root();
// soliton-node in the folder of this program.
std::string node_program();
// peers/ beside the folder of this program: what `soliton bench` compares with, where it was built.
std::string peers_folder();

bool colours_wanted(std::FILE* stream);  // a terminal, and NO_COLOR is not set

}  // namespace soliton
