// Only there so that the precompiled header belongs to a target that the tests can share.
#include "tests/precompiled.h"
